(* Checks that a module has a behaviour for all its inputs: its items are put in an order in which each reads only bits that are
   driven already, and drives bits that nothing has driven before. How the order is found does not matter: it is checked. *)
Require Import ZArith String List Bool Orders Mergesort Lia Spec Answer Checker.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Module ByRank <: TotalLeBool.
  Definition t := (Z * Z * item)%type. (* rank of the target, its lowest bit *)
  Definition leb (a b : t) : bool :=
    let '(r, l, _) := a in let '(r', l', _) := b in if r =? r' then l <=? l' else r <? r'.
  Theorem leb_total : forall a b, leb a b = true \/ leb b a = true.
  Proof.
    intros [[n c] x] [[n' c'] x']. cbn. rewrite (Z.eqb_sym n' n).
    destruct (Z.eqb_spec n n'); [rewrite !Z.leb_le | rewrite !Z.ltb_lt]; lia.
  Qed.
End ByRank.
Module SortByRank := Sort ByRank.

Section Order.
  Variables (d : design) (outs : M.t (option (name * Z))) (child : name -> answer unit) (m : module).

  Definition out_of (c : name) : option name := match M.find c outs with Some (Some (y, _)) => Some y | _ => None end.
  Definition slice (s : sig) : option (name * Z * Z) := match s with [Slice x lo n] => Some (x, lo, n) | _ => None end.
  Definition target (i : item) : option (name * Z * Z) :=
    match i with
    | Assign y _ => slice y
    | Cell _ _ _ _ y => slice y
    | Inst c _ ps =>
        match out_of c with
        | Some y => match assoc y ps with Some s => slice s | None => None end
        | None => None
        end
    end.
  Definition reads (i : item) : list sig :=
    match i with
    | Assign _ a => [a]
    | Cell _ _ a b _ => [a; b]
    | Inst c _ ps =>
        match out_of c with
        | Some y => map snd (filter (fun p => negb (fst p =? y)) ps)
        | None => map snd ps
        end
    end.

  (* ---- A good guess: wires ranked by what they depend on ---- *)

  Definition wires_of (s : sig) : list name :=
    flat_map (fun c => match c with Lit _ _ => [] | Slice x _ _ | Repeat x _ _ => [x] end) s.
  Definition dependencies (l : list item) : M.t (list name) :=
    fold_left (fun deps i =>
      match target i with
      | Some (x, _, _) =>
          let old := match M.find x deps with Some l => l | None => [] end in
          M.add x (app (flat_map wires_of (reads i)) old) deps
      | None => deps
      end) l (M.empty (list name)).
  Fixpoint visit (deps : M.t (list name)) (fuel : nat) (x : name) (st : M.t Z * Z) : M.t Z * Z :=
    match fuel with
    | O => st
    | S fuel =>
        if M.mem x (fst st) then st else
        match M.find x deps with
        | None => st
        | Some l =>
            let st := fold_left (fun st y => visit deps fuel y st) l (M.add x (-1) (fst st), snd st) in
            (M.add x (snd st) (fst st), snd st + 1)
        end
    end.
  Definition schedule (l : list item) : list item :=
    let deps := dependencies l in
    let fuel := S (length l) in
    let ranks := fst (fold_left (fun st x => visit deps fuel x st) (map fst (M.elements deps)) (M.empty Z, 0)) in
    let key i :=
      match target i with
      | Some (x, lo, _) => (match M.find x ranks with Some r => r | None => 0 end, lo, i)
      | None => (0, 0, i)
      end in
    map snd (SortByRank.sort (map key l)).

  (* ---- The check ---- *)

  (* How many of a wire's bits are driven, from bit 0 on. *)
  Definition driven (known : M.t Z) (x : name) : Z := match M.find x known with Some f => f | None => 0 end.
  Definition defined (known : M.t Z) (s : sig) : bool :=
    forallb (fun c =>
      match c with
      | Lit _ n => 0 <=? n
      | Slice x lo n => (0 <=? lo) && (0 <=? n) && (lo + n <=? driven known x)
      | Repeat x lo n => (0 <=? lo) && (0 <=? n) && (lo + 1 <=? driven known x)
      end) s.

  Fixpoint distinct (l : list Z) : bool :=
    match l with [] => true | x :: l => negb (existsb (Z.eqb x) l) && distinct l end.
  Definition port_ok (md : module) (c : name * sig) : bool :=
    match M.find (fst c) (wires md) with
    | Some (w, Input) | Some (w, Output) => w =? width (snd c)
    | _ => false
    end.
  Definition item_ok (i : item) : answer unit :=
    match i with
    | Assign y a => require (width y =? width a) "a connection of different widths" [] (Good tt)
    | Cell _ _ _ _ _ => Good tt
    | Inst c label ps =>
        within (Name label) (
        _ <- within (Name c) (child c) ;;
        md <- some (M.find c d) "no such module" [Name c] ;;
        require (distinct (map fst ps)) "a port connected twice" [] (
        require (forallb (port_ok md) ps) "a port that is not there, or of another width" [Name c] (
        Good tt)))
    end.
  Definition place_item (i : item) (known : M.t Z) : answer (M.t Z) :=
    t <- some (target i) "a target that is not one slice of a wire" [] ;;
    let '(x, lo, n) := t in
    w <- some (width_of m x) "no such wire:" [Name x] ;;
    require ((lo =? driven known x) && (0 <=? n) && (lo + n <=? w)) "bits driven twice, or not at all, at bit"
      [Number (Z.min lo (driven known x)); Name x] (
    require (forallb (defined known) (reads i)) "a loop, or bits that nothing drives, behind" [Name x] (
    _ <- item_ok i ;;
    Good (M.add x (lo + n) known))).

  Definition at_first : M.t Z := M.map (fun p => match p with (w, Input) => w | _ => 0 end) (wires m).
  Definition ordered : answer unit :=
    require (forallb (fun w => 0 <=? fst (snd w)) (M.elements (wires m))) "a wire's width" [] (
    known <- fold_answer place_item (schedule (items m)) at_first ;;
    require (forallb (fun w => match w with (x, (w, Output)) => driven known x =? w | _ => true end) (M.elements (wires m)))
      "an output of which bits are not driven" [] (Good tt)).
End Order.
