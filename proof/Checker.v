(* The checker. It takes the design and the netlist that the readers have made from the files, and answers Good only if the
   theorem of MainTheorem.v holds for them. *)
Require Import ZArith String List Bool Orders Mergesort Spec Answer.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(* ---- Looking things up ---- *)

(* A map from keys to items; of several items with the same key it has the last. *)
Definition index (key : item -> option Z) (l : list item) : M.t item :=
  fold_left (fun m i => match key i with Some k => M.add k i m | None => m end) l (M.empty item).
Fixpoint assoc {A} (x : Z) (l : list (Z * A)) : option A :=
  match l with [] => None | (y, a) :: l => if x =? y then Some a else assoc x l end.
Definition is_input (m : module) (x : name) : bool :=
  match M.find x (wires m) with Some (_, Input) => true | _ => false end.
Definition out_port (m : module) : option (name * Z) :=
  match filter (fun w => match snd (snd w) with Output => true | _ => false end) (M.elements (wires m)) with
  | [(y, (w, _))] => Some (y, w)
  | _ => None
  end.

(* ---- A leaf: a module of words, as a weighted sum of slices of its inputs, modulo 2^width ---- *)

(* How a slice was made as wide as the sum: by its sign, by zeros, or not at all. *)
Inductive extension := Signed | Unsigned | Either.
Definition fits (e : extension) (is_signed : bool) : bool :=
  match e with Signed => is_signed | Unsigned => negb is_signed | Either => true end.
Record operand := { from : name; low : Z; size : Z; ext : extension }.
Definition sum := list (operand * Z).

Inductive form := Constant (v : Z) | Wire (x : name) | Operand (o : operand).

Section Leaf.
  Variables (m : module) (w : Z).

  Definition recognise (s : sig) : option form :=
    match s with
    | [Lit v n] => if n =? w then Some (Constant (v mod 2 ^ n)) else None
    | [Slice x lo n] =>
        if n =? w then
          if is_input m x then if 0 <=? lo then Some (Operand {| from := x; low := lo; size := n; ext := Either |}) else None
          else match width_of m x with
               | Some n => if (n =? w) && (lo =? 0) then Some (Wire x) else None
               | None => None
               end
        else None
    | [Slice x lo n; Repeat y b k] =>
        if is_input m x && (y =? x) && (b =? lo + n - 1) && (0 <? n) && (0 <=? lo) && (0 <=? k) && (n + k =? w)
        then Some (Operand {| from := x; low := lo; size := n; ext := Signed |}) else None
    | [Slice x lo n; Lit v k] =>
        if is_input m x && (v =? 0) && (0 <? n) && (0 <=? lo) && (0 <=? k) && (n + k =? w)
        then Some (Operand {| from := x; low := lo; size := n; ext := Unsigned |}) else None
    | _ => None
    end.

  (* What is still to be expanded (wires with their coefficients), the sum so far, and its constant. *)
  Definition state : Type := list (name * Z) * sum * Z.
  Definition put (k : Z) (f : form) (st : state) : state :=
    let '(todo, l, c) := st in
    match f with
    | Constant v => (todo, l, c + k * v)
    | Wire x => ((x, k) :: todo, l, c)
    | Operand o => (todo, (o, k) :: l, c)
    end.

  Definition drives (i : item) (x : name) : bool :=
    match i with
    | Assign [Slice y lo n] _ | Cell _ _ _ _ [Slice y lo n] => (y =? x) && (lo =? 0) && (n =? w)
    | _ => false
    end.

  Definition expand (k : Z) (i : item) (st : state) : option state :=
    match i with
    | Assign _ a => option_map (fun f => put k f st) (recognise a)
    | Cell op _ a b _ =>
        match op, recognise a, recognise b with
        | Add, Some f, Some g => Some (put k g (put k f st))
        | Sub, Some f, Some g => Some (put (- k) g (put k f st))
        | Mul, Some (Constant v), Some f | Mul, Some f, Some (Constant v) => Some (put (k * v) f st)
        | _, _, _ => None
        end
    | Inst _ _ _ => None
    end.

  Variable drivers : M.t item.

  Fixpoint push (fuel : nat) (st : state) : answer (sum * Z) :=
    match st with
    | ([], l, c) => Good (l, c)
    | ((x, k) :: todo, l, c) =>
        match fuel with
        | O => Bad "a loop, or a sum that uses a wire many times, at" [Name x]
        | S fuel =>
            i <- some (M.find x drivers) "no whole driver of" [Name x] ;;
            require (drives i x) "the driver's width differs from the sum's at" [Name x] (
            st <- some (expand k i (todo, l, c)) "not a sum of constants times slices of inputs: the driver of" [Name x] ;;
            push fuel st)
        end
    end.
End Leaf.

Definition whole_target (i : item) : option name :=
  match i with
  | Assign [Slice x 0 _] _ | Cell _ _ _ _ [Slice x 0 _] => Some x
  | _ => None
  end.

Record leaf := {
  leaf_step : bool;      (* compares the sum with 0 *)
  leaf_width : Z;        (* of the sum *)
  leaf_sum : sum;
  leaf_constant : Z;
  leaf_out : name;
  leaf_out_width : Z }.

(* The comparison that drives a wire, behind any number of plain connections. *)
Fixpoint comparison (m : module) (drivers : M.t item) (fuel : nat) (x : name) : option (bool * sig * sig) :=
  match fuel, M.find x drivers, width_of m x with
  | S fuel, Some i, Some w =>
      if drives w i x then
        match i with
        | Cell Ge s a b _ => Some (s, a, b)
        | Assign _ [Slice y lo n] =>
            match width_of m y with
            | Some v => if (lo =? 0) && (n =? v) then comparison m drivers fuel y else None
            | None => None
            end
        | _ => None
        end
      else None
  | _, _, _ => None
  end.

Definition summarise (m : module) : answer leaf :=
  let drivers := index whole_target (items m) in
  let fuel := S (length (items m)) in
  out <- some (out_port m) "not exactly one output" [] ;;
  let '(y, wy) := out in
  match comparison m drivers fuel y with
  | Some (true, a, [Lit 0 n]) =>
      let w := width a in
      require ((n =? w) && (0 <? w) && (0 <? wy)) "a comparison of different widths" [] (
      f <- some (recognise m w a) "not a sum: what is compared" [] ;;
      r <- push m w drivers fuel (put 1 f ([], [], 0)) ;;
      Good {| leaf_step := true; leaf_width := w; leaf_sum := fst r; leaf_constant := snd r;
              leaf_out := y; leaf_out_width := wy |})
  | Some (false, _, _) => Bad "an unsigned comparison" []
  | Some _ => Bad "a comparison with something else than 0" []
  | None =>
      require (0 <? wy) "an output of no bits" [] (
      r <- push m wy drivers fuel ([(y, 1)], [], 0) ;;
      Good {| leaf_step := false; leaf_width := wy; leaf_sum := fst r; leaf_constant := snd r;
              leaf_out := y; leaf_out_width := wy |})
  end.

(* ---- A leaf against a cell of the netlist, at nets relative to an origin ---- *)

(* How a port of the leaf is connected: the net in its lowest bits, the type of the nets on it, and its number of bits. *)
Record wired := { at_port : name; net : Z; net_width : Z; net_signed : bool; port_bits : Z }.
Definition wired_eqb (a b : wired) : bool :=
  (at_port a =? at_port b) && (net a =? net b) && (net_width a =? net_width b)
  && Bool.eqb (net_signed a) (net_signed b) && (port_bits a =? port_bits b).

Record entry := { at_net : Z; coefficient : Z; at_width : Z; at_signed : bool }.

Module ByNet <: TotalLeBool.
  Definition t := (Z * Z * entry)%type. (* net, coefficient modulo 2^width, entry *)
  Definition leb (a b : t) : bool :=
    let '(n, c, _) := a in let '(n', c', _) := b in if n =? n' then c <=? c' else n <? n'.
  Theorem leb_total : forall a b, leb a b = true \/ leb b a = true.
  Proof.
    intros [[n c] x] [[n' c'] x']. cbn. rewrite (Z.eqb_sym n' n).
    destruct (Z.eqb_spec n n'); [rewrite !Z.leb_le | rewrite !Z.ltb_lt]; Lia.lia.
  Qed.
End ByNet.
Module SortByNet := Sort ByNet.
Definition sorted (w : Z) (l : list entry) : list entry :=
  map snd (SortByNet.sort (map (fun e => (at_net e, coefficient e mod 2 ^ w, e)) l)).

Fixpoint find_wired (x : name) (l : list wired) : option wired :=
  match l with [] => None | p :: l => if at_port p =? x then Some p else find_wired x l end.

(* The leaf's sum over nets. It fails if an operand is not exactly one net. *)
Fixpoint leaf_entries (w : Z) (wiring : list wired) (l : sum) : answer (list entry) :=
  match l with
  | [] => Good []
  | (o, k) :: l =>
      rest <- leaf_entries w wiring l ;;
      if k mod 2 ^ w =? 0 then Good rest else
      p <- some (find_wired (from o) wiring) "an unconnected port" [Name (from o)] ;;
      require ((size o =? net_width p) && (0 <? size o) && (0 <=? low o) && (low o mod net_width p =? 0)
               && (low o + size o <=? port_bits p))
        "an operand that is not exactly one net, at bit" [Number (low o); Name (from o)] (
      require (fits (ext o) (net_signed p)) "signed taken for unsigned, or unsigned for signed, at" [Name (from o)] (
      Good ({| at_net := net p + low o / net_width p; coefficient := k; at_width := net_width p;
               at_signed := net_signed p |} :: rest)))
  end.

Definition nth_base (l : list Z) (p : Z) : Z := nth (Z.to_nat p) l 0.
Definition cell_entries (bases : list Z) (c : cell) : list entry :=
  map (fun t => {| at_net := nth_base bases (port t) + offset t; coefficient := weight t * 2 ^ shift t;
                   at_width := 0; at_signed := false |}) (terms c).

Definition lowest (is_signed : bool) (w : Z) := if is_signed then - 2 ^ (w - 1) else 0.
Definition highest (is_signed : bool) (w : Z) := (if is_signed then 2 ^ (w - 1) else 2 ^ w) - 1.

(* Compares the sorted sums, and bounds the cell's: the least and the greatest value beyond the bias. *)
Fixpoint compare (w : Z) (of_leaf of_cell : list entry) : answer (Z * Z) :=
  match of_leaf, of_cell with
  | [], [] => Good (0, 0)
  | a :: of_leaf, b :: of_cell =>
      require (at_net a =? at_net b) "operands differ: net relative to the cell's first base, in Verilog and netlist"
        [Number (at_net a); Number (at_net b)] (
      require ((coefficient a - coefficient b) mod 2 ^ w =? 0) "weights differ: in Verilog and netlist, of relative net"
        [Number (number true w (coefficient a mod 2 ^ w)); Number (coefficient b); Number (at_net b)] (
      r <- compare w of_leaf of_cell ;;
      let u := coefficient b * lowest (at_signed a) (at_width a) in
      let v := coefficient b * highest (at_signed a) (at_width a) in
      Good (Z.min u v + fst r, Z.max u v + snd r)))
  | a :: _, [] => Bad "an operand that the netlist's cell has not: relative net" [Number (at_net a)]
  | [], b :: _ => Bad "an operand that the Verilog has not: relative net" [Number (at_net b)]
  end.

(* The placing of one gate, seen from an origin. *)
Record placing := { of_leaf : name; wiring : list wired; bases : list Z }.
Fixpoint list_eqb {A} (f : A -> A -> bool) (a b : list A) : bool :=
  match a, b with [], [] => true | x :: a, y :: b => f x y && list_eqb f a b | _, _ => false end.
Definition placing_eqb (a b : placing) : bool :=
  (of_leaf a =? of_leaf b) && list_eqb Z.eqb (bases a) (bases b) && list_eqb wired_eqb (wiring a) (wiring b).

Definition pair_ok (l : leaf) (c : cell) (out : Z * bool) (p : placing) : answer unit :=
  let w := leaf_width l in
  require (Bool.eqb (leaf_step l) (step c)) "one is a sum, the other a step" [] (
  require (forallb (fun t => (0 <=? port t) && (port t <? Z.of_nat (length (bases p)))) (terms c)) "a term's port" [] (
  require (leaf_out_width l =? fst out) "the output's width differs from the group's" [Number (leaf_out_width l)] (
  require (if step c then negb (snd out) && (fst out =? 1) else true) "a step's type" [] (
  e <- leaf_entries w (wiring p) (leaf_sum l) ;;
  range <- compare w (sorted w e) (sorted w (cell_entries (bases p) c)) ;;
  require ((leaf_constant l - bias c) mod 2 ^ w =? 0) "biases differ: in Verilog and netlist"
    [Number (number true w (leaf_constant l mod 2 ^ w)); Number (bias c)] (
  let s := if step c then true else snd out in
  require ((lowest s w <=? bias c + fst range) && (bias c + snd range <=? highest s w))
    "the sum does not fit its width: bits, least and greatest sum"
    [Number w; Number (bias c + fst range); Number (bias c + snd range)] (
  Good tt)))))).

(* ---- Gates ---- *)

Definition source : Type := Z * (Z * bool) * Z. (* the net in lane 0 of a row, the type of its nets, its lanes *)

Definition slot_key (out : name) (i : item) : option Z :=
  match i with Inst _ _ ps => match assoc out ps with Some [Slice _ lo _] => Some lo | _ => None end | _ => None end.
Definition row_lanes (m : module) : M.t item :=
  match out_port m with Some (y, _) => index (slot_key y) (items m) | None => M.empty item end.

Fixpoint wire_ports (sources : M.t source) (origin : Z) (out : name) (ps : list (name * sig)) : answer (list wired) :=
  match ps with
  | [] => Good []
  | (x, s) :: ps =>
      rest <- wire_ports sources origin out ps ;;
      if x =? out then Good rest else
      match s with
      | [Slice r q n] =>
          src <- some (M.find r sources) "not connected to a row of the netlist: port" [Name r] ;;
          let '(f, (w, sgn), l) := src in
          require ((0 <? w) && (0 <=? q) && (q mod w =? 0) && (q + n <=? w * l)) "a slice that is not whole nets, of"
            [Name r; Number q] (
          Good ({| at_port := x; net := f + q / w - origin; net_width := w; net_signed := sgn; port_bits := n |} :: rest))
      | _ => Bad "a port that is not connected to one slice" [Name x]
      end
  end.

Section Gates.
  Variables (leaves : M.t (answer leaf)) (n : netlist).
  Definition memo : Type := M.t (list placing). (* by cell: placings found right, for gates of this group *)

  Definition base_list (k : Z) (count : Z) (origin : Z) : list Z :=
    map (fun p => base n k (Z.of_nat p) - origin) (seq 0 (Z.to_nat count)).

  (* Gate k is lane `lane` of a row module with these lanes and sources, whose output is y. *)
  Definition gate_ok (g : group) (lane_items : M.t item) (y : name) (sources : M.t source) (k lane : Z) (known : memo)
    : answer memo :=
    let '(w, sgn) := type g in
    c <- some (M.find (cell_number n k) (cells n)) "a cell that is not there" [Number (cell_number n k)] ;;
    i <- some (M.find (w * lane) lane_items) "no instance drives the lane" [Number lane] ;;
    match i with
    | Inst lf label ps =>
        within (Name label) (
        la <- some (M.find lf leaves) "no such module" [Name lf] ;;
        l <- within (Name lf) la ;;
        o <- some (assoc (leaf_out l) ps) "an instance without an output" [] ;;
        match o with
        | [Slice z lo b] =>
            require ((z =? y) && (lo =? w * lane) && (b =? w)) "the instance drives other bits than its lane" [] (
            let origin := base n k 0 in
            ws <- wire_ports sources origin (leaf_out l) ps ;;
            let p := {| of_leaf := lf; wiring := ws; bases := base_list k (ports c) origin |} in
            let found := match M.find (cell_number n k) known with Some l => l | None => [] end in
            if existsb (placing_eqb p) found then Good known else
            _ <- within (Name lf) (within (Number (cell_number n k)) (pair_ok l c (type g) p)) ;;
            Good (M.add (cell_number n k) (p :: found) known))
        | _ => Bad "an output that is not one slice" []
        end)
    | _ => Bad "the lane is not driven by an instance" []
    end.

  (* The row in whose lane 0 net f should be, on wire x. *)
  Definition source_of (f : Z) (x : name) : answer source :=
    g <- some (find (fun g => net_of g f) (inputs n :: groups n)) "not a row of the netlist" [Name x] ;;
    require (((f - first g) mod lanes g =? 0) && (row_wire g ((f - first g) / lanes g) =? x))
      "not a row of the netlist" [Name x] (
    Good (f, type g, lanes g)).

  (* The rows that the ports of a row module are connected to; all before net `before`. *)
  Definition sources_of (row_nets : M.t Z) (before : Z) (out : name) (ps : list (name * sig)) : answer (M.t source) :=
    fold_answer (fun c known =>
      let '(x, s) := c in
      if x =? out then Good known else
      match s with
      | [Slice r lo _] =>
          f <- some (M.find r row_nets) "connected to a wire that is no row of the netlist:" [Name r] ;;
          src <- source_of f r ;;
          let '(_, (w, _), l) := src in
          require ((lo =? 0) && (width s =? w * l) && (f + l <=? before)) "not a whole row of an earlier group:" [Name r] (
          require (negb (M.mem x known)) "a port connected twice:" [Name x] (
          Good (M.add x src known)))
      | _ => Bad "a port that is not connected to one row:" [Name x]
      end) ps (M.empty source).

  Variables (d : design) (lanes_of : M.t (M.t item)) (drivers : M.t item) (row_nets : M.t Z).

  Definition row_ok (g : group) (row : Z) (known : memo) : answer memo :=
    let x := row_wire g row in
    within (Name x) (
    i <- some (M.find x drivers) "no instance drives the whole row" [] ;;
    match i with
    | Inst rm _ ps =>
        md <- some (M.find rm d) "no such module" [Name rm] ;;
        ls <- some (M.find rm lanes_of) "no such module" [Name rm] ;;
        out <- some (out_port md) "not exactly one output" [Name rm] ;;
        let '(y, _) := out in
        o <- some (assoc y ps) "an instance without an output" [] ;;
        match o with
        | [Slice z lo b] =>
            require ((z =? x) && (lo =? 0) && (b =? fst (type g) * lanes g)) "the instance drives other bits than its row" [] (
            sources <- sources_of row_nets (first g) y ps ;;
            fold_answer (fun l known => let k := first g + row * lanes g + l in within (Gate k) (gate_ok g ls y sources k l known))
              (map Z.of_nat (seq 0 (Z.to_nat (lanes g)))) known)
        | _ => Bad "an output that is not one slice" []
        end
    | _ => Bad "the row is not driven by an instance" []
    end).

  Definition group_shape_ok (g : group) : bool :=
    (0 <? lanes g) && (0 <=? first g) && (count g mod lanes g =? 0) && (0 <? fst (type g)).
  Definition group_ok (g : group) : answer unit :=
    require (group_shape_ok g) "a group's shape" [] (
    _ <- fold_answer (row_ok g) (map Z.of_nat (seq 0 (Z.to_nat (count g / lanes g)))) (M.empty (list placing)) ;;
    Good tt).
End Gates.
