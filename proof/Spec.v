(* The definitions that the main theorem needs: the parts of RTLIL and of the netlist file that the checker accepts, and
   their meaning.

   RTLIL is the form in which Yosys writes a Verilog design after `hierarchy`: modules of word-level cells. Its meaning here
   is a relation: an environment gives every wire a number, and every cell, connection and instance constrains it. *)
Require Import ZArith List Bool FMapAVL OrderedTypeEx.
Import ListNotations.
Open Scope Z_scope.

Module M := FMapAVL.Make Z_as_OT. (* finite maps by Z *)

(* ---- Words ---- *)

(* The number that n bits stand for, as two's complement or as plain binary. *)
Definition number (is_signed : bool) (n v : Z) : Z :=
  if is_signed && (2 ^ (n - 1) <=? v) then v - 2 ^ n else v.

(* The n bits of v from bit lo on. *)
Definition bits (v lo n : Z) : Z := (v / 2 ^ lo) mod 2 ^ n.

(* ---- RTLIL ---- *)

(* A name is its bytes, as the digits of a number to the base 256 behind a leading 1. *)
Definition name := Z.
Definition env := name -> Z.

Inductive chunk :=
| Lit (v n : Z)                (* n constant bits *)
| Slice (x : name) (lo n : Z)  (* bits lo to lo + n - 1 of a wire *)
| Repeat (x : name) (lo n : Z) (* bit lo of a wire, n times *).
Definition sig := list chunk.  (* least significant chunk first *)

Definition chunk_width c := match c with Lit _ n => n | Slice _ _ n => n | Repeat _ _ n => n end.
Definition chunk_value (e : env) c :=
  match c with
  | Lit v n => v mod 2 ^ n
  | Slice x lo n => bits (e x) lo n
  | Repeat x lo n => bits (e x) lo 1 * (2 ^ n - 1)
  end.
Fixpoint width (s : sig) : Z := match s with [] => 0 | c :: s => chunk_width c + width s end.
Fixpoint val (e : env) (s : sig) : Z :=
  match s with [] => 0 | c :: s => chunk_value e c + 2 ^ chunk_width c * val e s end.

Inductive kind := Add | Sub | Mul | Ge. (* $add, $sub, $mul, $ge *)
Definition result (k : kind) (a b : Z) : Z :=
  match k with Add => a + b | Sub => a - b | Mul => a * b | Ge => if b <=? a then 1 else 0 end.

Inductive item :=
| Assign (y a : sig)                                        (* connect y a *)
| Cell (k : kind) (is_signed : bool) (a b y : sig)          (* the operands are both signed, or both not *)
| Inst (m : name) (label : name) (ports : list (name * sig)) (* an instance of module m *).

Inductive direction := Input | Output | Inner.
Record module := { wires : M.t (Z * direction); items : list item }.
Definition design := M.t module.

Definition width_of (m : module) (x : name) : option Z := option_map fst (M.find x (wires m)).

Section Meaning.
  Variables (d : design) (child : name -> env -> Prop).

  Definition connected (m : name) (inner e : env) (c : name * sig) : Prop :=
    exists md, M.find m d = Some md /\ width_of md (fst c) = Some (width (snd c)) /\ inner (fst c) = val e (snd c).
  Definition holds (e : env) (i : item) : Prop :=
    match i with
    | Assign y a => width y = width a /\ val e y = val e a
    | Cell k s a b y => val e y = result k (number s (width a) (val e a)) (number s (width b) (val e b)) mod 2 ^ width y
    | Inst m _ ports => exists inner, child m inner /\ Forall (connected m inner e) ports
    end.
  Definition typed (m : module) (e : env) : Prop :=
    forall x w dir, M.find x (wires m) = Some (w, dir) -> 0 <= e x < 2 ^ w.
  Definition behaves (m : name) (e : env) : Prop :=
    exists md, M.find m d = Some md /\ typed md e /\ Forall (holds e) (items md).
End Meaning.

(* An environment of a module whose instances are nested `depth` deep at most, itself included. *)
Fixpoint sat (depth : nat) (d : design) (m : name) (e : env) : Prop :=
  match depth with O => False | S depth => behaves d (sat depth d) m e end.

(* ---- The netlist, as netlists/FORMAT.md has it ---- *)

Record group := {
  stem : list Z;        (* bytes: what the names of its wires begin with *)
  first : Z;            (* its first net *)
  shape : list Z;       (* of its positions; the lanes follow *)
  lanes : Z;
  count : Z;            (* nets *)
  type : Z * bool;      (* width; is it signed? *)
  shown : bool          (* is it an output of the circuit? *) }.
Record term := { port : Z; offset : Z; weight : Z; shift : Z }.
Record cell := { step : bool; bias : Z; ports : Z (* how many *); terms : list term }.
Record netlist := {
  inputs : group;
  groups : list group;        (* of gates *)
  cell_number : Z -> Z;       (* of a gate, by its net *)
  cells : M.t cell;
  base : Z -> Z -> Z          (* of a gate: the base net of a port *) }.

(* N(k) is the value of net k. *)
Fixpoint weighted (N : Z -> Z) (bases : Z -> Z) (l : list term) : Z :=
  match l with
  | [] => 0
  | t :: l => weight t * (N (bases (port t) + offset t) * 2 ^ shift t) + weighted N bases l
  end.
Definition gate_value (n : netlist) (N : Z -> Z) (k : Z) : Z :=
  match M.find (cell_number n k) (cells n) with
  | None => 0
  | Some c =>
      let sum := bias c + weighted N (base n k) (terms c) in
      if step c then (if 0 <=? sum then 1 else 0) else sum
  end.
(* Gates read only nets before their own, so that a depth of k is enough for net k. *)
Fixpoint eval (depth : nat) (n : netlist) (x : Z -> Z) (k : Z) : Z :=
  if k <? count (inputs n) then x k
  else match depth with O => 0 | S depth => gate_value n (eval depth n x) k end.
Definition meaning (n : netlist) (x : Z -> Z) (k : Z) : Z := eval (Z.to_nat k) n x k.

Definition net_of (g : group) (k : Z) : bool := (first g <=? k) && (k <? first g + count g).
Definition is_net (n : netlist) (k : Z) : Prop := exists g, In g (inputs n :: groups n) /\ net_of g k = true.

(* ---- Where a net is in the Verilog ---- *)

Definition bytes_name (l : list Z) : name := fold_left (fun a b => 256 * a + b) l 1.
Fixpoint decimal (digits : nat) (z : Z) (l : list Z) : list Z :=
  match digits with
  | O => l
  | S digits => if z <? 10 then 48 + z :: l else decimal digits (z / 10) (48 + z mod 10 :: l)
  end.
(* "_4_9", for row 4 * 40 + 9 of positions 40 x 40; `shape` comes last dimension first. *)
Fixpoint position (shape : list Z) (row : Z) (l : list Z) : list Z :=
  match shape with
  | [] => l
  | n :: shape => position shape (row / n) (95 :: decimal 20 (row mod n) l)
  end.
(* The wire \s1_classify_4_9; a group without positions has the one row _0. *)
Definition row_wire (g : group) (row : Z) : name :=
  bytes_name (92 :: stem g ++ match shape g with [] => [95; 48] | s => position (rev s) row [] end).

(* Lane l of a row is bits [W*l +: W] of its wire. *)
Definition lane_value (g : group) (e : env) (wire lane : Z) : Z :=
  let w := fst (type g) in number (snd (type g)) w (bits (e wire) (w * lane) w).
Definition group_value (g : group) (e : env) (k : Z) : Z :=
  lane_value g e (row_wire g ((k - first g) / lanes g)) ((k - first g) mod lanes g).
Definition value (n : netlist) (e : env) (k : Z) : Z :=
  match find (fun g => net_of g k) (inputs n :: groups n) with Some g => group_value g e k | None => 0 end.

(* ---- The statement ---- *)

Definition top_name : name := bytes_name [92; 99; 111; 102; 105; 98; 101; 114; 95; 116; 111; 112]. (* \cofiber_top *)
Definition sat_top (d : design) (e : env) : Prop := sat 3 d top_name e.

(* Values that the input wires of the circuit can have. *)
Definition possible_inputs (m : module) (v : env) : Prop :=
  forall x w, M.find x (wires m) = Some (w, Input) -> 0 <= v x < 2 ^ w.

(* In every environment that satisfies the design, every net has the value that the netlist gives it ... *)
Definition computes (d : design) (n : netlist) : Prop :=
  forall e, sat_top d e -> forall k, is_net n k -> value n e k = meaning n (value n e) k.
(* ... and for all inputs there is such an environment: the design has no loop, no second driver, no contradiction. *)
Definition total (d : design) : Prop :=
  exists top, M.find top_name d = Some top /\
  forall v, possible_inputs top v ->
    exists e, sat_top d e /\ forall x w, M.find x (wires top) = Some (w, Input) -> e x = v x.
(* The rows of the circuit's outputs are outputs of the top module. *)
Definition shows_outputs (d : design) (n : netlist) : Prop :=
  exists top, M.find top_name d = Some top /\
  forall g r, In g (groups n) -> shown g = true -> 0 <= r < count g / lanes g ->
    M.find (row_wire g r) (wires top) = Some (fst (type g) * lanes g, Output).
