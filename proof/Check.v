(* Compares a whole design with a whole netlist. *)
Require Import ZArith String List Bool Spec Answer Checker Order.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Definition has_instances (m : module) : bool :=
  existsb (fun i => match i with Inst _ _ _ => true | _ => false end) (items m).
Definition no_child (c : name) : answer unit := Bad "instances nested otherwise than top, row, leaf" [].
Definition answer_of (level : M.t (answer unit)) (c : name) : answer unit :=
  match M.find c level with Some a => a | None => Bad "no such module" [Name c] end.

(* The wires on which the rows should be. This is a guess, which source_of checks. *)
Definition rows_of (g : group) : list (name * Z) :=
  map (fun r => (row_wire g (Z.of_nat r), first g + Z.of_nat r * lanes g)) (seq 0 (Z.to_nat (count g / lanes g))).
Definition row_table (n : netlist) : M.t Z :=
  fold_left (fun m g => fold_left (fun m r => M.add (fst r) (snd r) m) (rows_of g) m) (inputs n :: groups n) (M.empty Z).

Definition row_key (outs : M.t (option (name * Z))) (i : item) : option Z :=
  match i with
  | Inst _ _ _ => match target outs i with Some (x, _, _) => Some x | None => None end
  | _ => None
  end.

(* The groups tile the nets in order, the input first. *)
Fixpoint tiled (from : Z) (l : list group) : bool :=
  match l with [] => true | g :: l => (first g =? from) && (0 <? count g) && tiled (from + count g) l end.

Definition inputs_are_ports (n : netlist) (top : module) : bool :=
  let g := inputs n in
  forallb (fun r => match M.find (fst r) (wires top) with
                    | Some (w, Input) => w =? fst (type g) * lanes g
                    | _ => false
                    end) (rows_of g).

(* The rows of the circuit's outputs that are not outputs of the top module; there must be none. *)
Definition hidden_rows (n : netlist) (top : module) : list (name * Z) :=
  flat_map (fun g => if shown g then
    filter (fun r => match M.find (fst r) (wires top) with
                     | Some (w, Output) => negb (w =? fst (type g) * lanes g)
                     | _ => true
                     end) (rows_of g) else []) (groups n).
Definition outputs_are_ports (n : netlist) (top : module) : answer unit :=
  match hidden_rows n top with
  | [] => Good tt
  | (x, k) :: _ => within (Name x) (within (Gate k) (Bad "a row of the circuit's outputs is no output of" [Name top_name]))
  end.

Definition check (d : design) (n : netlist) : answer unit :=
  top <- some (M.find top_name d) "no module" [Name top_name] ;;
  let outs := M.map out_port d in
  require (tiled 0 (inputs n :: groups n) && forallb group_shape_ok (inputs n :: groups n)) "the netlist's groups" [] (
  require (inputs_are_ports n top) "the rows of the netlist's input are not the inputs of" [Name top_name] (
  _ <- outputs_are_ports n top ;;
  let rows := row_table n in
  let drivers := index (row_key outs) (items top) in
  let leaves := M.map summarise d in
  let lanes_of := M.map row_lanes d in
  _ <- fold_answer (fun g _ => group_ok leaves n d lanes_of drivers rows g) (groups n) tt ;;
  let level1 := M.map (ordered d outs no_child) d in
  let level2 := M.map (fun m => if has_instances m then ordered d outs (answer_of level1) m else no_child 0) d in
  ordered d outs (answer_of level2) top)).
