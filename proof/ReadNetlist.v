(* The reader of netlist files (netlists/FORMAT.md): a safetensors file as a netlist. `cofiber check` enforces every rule of
   the format; this reader takes what it needs and checks that much. *)
Require Import ZArith Ascii String List Bool Spec Answer Bytes.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(* ---- JSON, as far as headers need it ---- *)

Inductive json := Text (l : list Z) | Whole (z : Z) | Array (l : list json) | Object (l : list (list Z * json)).

Section Json.
  Variable f : file.

  Definition skip_blanks (p : Z) : Z :=
    match loop 30 (fun p => let c := f p in
                            if (c =? 32) || (c =? 9) || (c =? 10) || (c =? 13) then inl (p + 1) else inr p) p with
    | inl p | inr p => p
    end.
  (* The bytes up to the closing quotation mark. Escapes stay as they are written. *)
  Definition text (p : Z) : answer (list Z * Z) :=
    match loop 30 (fun s =>
        let '(l, p) := s in
        let c := f p in
        if c =? 34 then inr (Good (rev l, p + 1))
        else if c <? 32 then inr (Bad "a string in the header" [])
        else if c =? 92 then inl (f (p + 1) :: c :: l, p + 2)
        else inl (c :: l, p + 1)) ([], p) with
    | inl _ => Bad "a string in the header" []
    | inr a => a
    end.

  Fixpoint value_at (fuel : nat) (p : Z) : answer (json * Z) :=
    match fuel with
    | O => Bad "a header nested too deep" []
    | S fuel =>
        let p := skip_blanks p in
        let c := f p in
        if c =? 34 then r <- text (p + 1) ;; Good (Text (fst r), snd r)
        else if is_digit c then let '(v, p) := natural f p in Good (Whole v, p)
        else if c =? 91 (* [ *) then
          if f (skip_blanks (p + 1)) =? 93 then Good (Array [], skip_blanks (p + 1) + 1) else elements fuel (p + 1) []
        else if c =? 123 (* { *) then
          if f (skip_blanks (p + 1)) =? 125 then Good (Object [], skip_blanks (p + 1) + 1) else members fuel (p + 1) []
        else Bad "the header's JSON at byte" [Number p]
    end
  with elements (fuel : nat) (p : Z) (l : list json) : answer (json * Z) :=
    match fuel with
    | O => Bad "a header too long" []
    | S fuel =>
        r <- value_at fuel p ;;
        let l := fst r :: l in
        let p := skip_blanks (snd r) in
        if f p =? 44 (* , *) then elements fuel (p + 1) l
        else require (f p =? 93) "the header's JSON at byte" [Number p] (Good (Array (rev l), p + 1))
    end
  with members (fuel : nat) (p : Z) (l : list (list Z * json)) : answer (json * Z) :=
    match fuel with
    | O => Bad "a header too long" []
    | S fuel =>
        let p := skip_blanks p in
        require (f p =? 34) "the header's JSON at byte" [Number p] (
        k <- text (p + 1) ;;
        let p := skip_blanks (snd k) in
        require (f p =? 58) "the header's JSON at byte" [Number p] (
        r <- value_at fuel (p + 1) ;;
        let l := (fst k, fst r) :: l in
        let p := skip_blanks (snd r) in
        if f p =? 44 then members fuel (p + 1) l
        else require (f p =? 125) "the header's JSON at byte" [Number p] (Good (Object (rev l), p + 1))))
    end.
End Json.

Fixpoint same_bytes (a b : list Z) : bool :=
  match a, b with [], [] => true | x :: a, y :: b => (x =? y) && same_bytes a b | _, _ => false end.
Definition member (l : list (list Z * json)) (k : list Z) : option json :=
  match filter (fun m => same_bytes (fst m) k) l with [(_, v)] => Some v | _ => None end.

(* ---- tensors ---- *)

Section Tensors.
  Variable f : file.

  Fixpoint unsigned (bytes : nat) (p : Z) : Z :=
    match bytes with O => 0 | S n => f p + 256 * unsigned n (p + 1) end.
  Definition i32 (p : Z) : Z := number true 32 (unsigned 4 p).
  Definition i64 (p : Z) : Z := number true 64 (unsigned 8 p).

  Record tensor := { start : Z; dimensions : list Z }.
  Definition product (l : list Z) : Z := fold_left Z.mul l 1.
  Definition wholes (l : list json) : option (list Z) :=
    fold_right (fun j r => match j, r with Whole z, Some l => Some (z :: l) | _, _ => None end) (Some []) l.

  (* A tensor of the header that has this dtype and as many bytes as its shape says. *)
  Definition tensor_of (header : list (list Z * json)) (data : Z) (name : list Z) (dtype : string) (bytes : Z)
    : answer tensor :=
    let bad := Bad "the netlist's tensor" [Name (bytes_name name)] in
    match member header name with
    | Some (Object o) =>
        match member o (ascii_bytes "dtype"), member o (ascii_bytes "shape"), member o (ascii_bytes "data_offsets") with
        | Some (Text t), Some (Array shape), Some (Array [Whole a; Whole b]) =>
            match wholes shape with
            | Some shape =>
                if same_bytes t (ascii_bytes dtype) && (b - a =? bytes * product shape) && (0 <=? f (data + b - 1))
                then Good {| start := data + a; dimensions := shape |} else bad
            | None => bad
            end
        | _, _, _ => bad
        end
    | _ => bad
    end.
End Tensors.

(* ---- the netlist ---- *)

Definition range (n : Z) : list Z := map Z.of_nat (seq 0 (Z.to_nat n)).

(* Words separated by single spaces. *)
Definition split_words (l : list Z) : list (list Z) :=
  fold_right (fun c r => match r with
                         | w :: ws => if c =? 32 then [] :: r else (c :: w) :: ws
                         | [] => [[c]]
                         end) [[]] l.

(* A group's name in Verilog: runs of anything but letters and digits become one '_', none at either end. Where that
   would be ambiguous the emitter puts "g7_" in front, for group 7. *)
Definition is_alphanumeric (c : Z) : bool :=
  is_digit c || ((65 <=? c) && (c <=? 90)) || ((97 <=? c) && (c <=? 122)).
Definition identifier (l : list Z) : list Z :=
  let r := fold_left (fun r c => if is_alphanumeric c then c :: r
                                 else match r with [] => [] | c :: _ => if c =? 95 then r else 95 :: r end) l [] in
  rev (match r with c :: t => if c =? 95 then t else r | [] => [] end).
Definition stem_of (numbered : bool) (number : Z) (name : list Z) : list Z :=
  if numbered then (103 :: decimal 20 number [95] ++ identifier name)%list else identifier name.

Definition group_of (f : file) (types : tensor) (numbered : bool) (number : Z) (name : list Z) (first : Z)
  (shape : list Z) : group :=
  let at_ := start types + 16 * number in
  {| stem := stem_of numbered number name; first := first; shape := removelast shape; lanes := last shape 0;
     count := product shape; type := (i32 f at_, negb (i32 f (at_ + 4) =? 0)); shown := negb (i32 f (at_ + 12) =? 0) |}.

(* A group of gates with its two tensors: cells, and bases with that many ports. *)
Record placed := { of : group; cell_at : Z; base_at : Z; base_ports : Z }.

Fixpoint read_groups (f : file) (header : list (list Z * json)) (data : Z) (types : tensor) (numbered : bool)
  (number first : Z) (names : list (list Z)) : answer (list placed) :=
  match names with
  | [] => Good []
  | name :: names =>
      c <- tensor_of f header data (app name (ascii_bytes ".cell")) "I32" 4 ;;
      b <- tensor_of f header data (app name (ascii_bytes ".base")) "I32" 4 ;;
      require (same_bytes (removelast (dimensions b)) (dimensions c)) "the shape of the bases of" [Name (bytes_name name)] (
      let g := group_of f types numbered number name first (dimensions c) in
      rest <- read_groups f header data types numbered (number + 1) (first + count g) names ;;
      Good ({| of := g; cell_at := start c; base_at := start b; base_ports := last (dimensions b) 0 |} :: rest))
  end.

Definition read_cell (f : file) (type bias ports terms port offset weight shift : tensor) (k : Z) : cell :=
  let t0 := i32 f (start terms + 4 * k) in
  let t1 := i32 f (start terms + 4 * k + 4) in
  {| step := i32 f (start type + 16 * k) =? 1;
     bias := i64 f (start bias + 8 * k);
     ports := i32 f (start ports + 4 * k + 4) - i32 f (start ports + 4 * k);
     terms := map (fun i =>
       let t := t0 + i in
       {| port := f (start port + t); offset := i32 f (start offset + 4 * t);
          weight := i32 f (start weight + 4 * t); shift := f (start shift + t) |}) (range (t1 - t0)) |}.

(* Every activation but "linear" and "step" is refused. *)
Definition activation_known (f : file) (type : tensor) (k : Z) : bool :=
  let a := i32 f (start type + 16 * k) in (a =? 0) || (a =? 1).

Definition in_group (groups : list placed) (k : Z) : option placed := find (fun p => net_of (of p) k) groups.

Definition read_netlist (f : file) (numbered : bool) : answer netlist :=
  let length := unsigned f 8 0 in
  require ((0 <=? length) && (length <? 100000000)) "the netlist's header" [] (
  j <- value_at f (Z.to_nat length) 8 ;;
  match fst j with
  | Object header =>
      let data := 8 + length in
      let tensor name dtype bytes := tensor_of f header data (ascii_bytes name) dtype bytes in
      m <- some (member header (ascii_bytes "__metadata__")) "the netlist has no metadata" [] ;;
      require (match m with
               | Object m => match member m (ascii_bytes "version") with
                             | Some (Text t) => same_bytes t (ascii_bytes "1")
                             | _ => false
                             end
               | _ => false
               end) "the netlist's version is not 1: squares, ReLUs and roots are not proved" [] (
      names <- match m with
               | Object m => match member m (ascii_bytes "groups") with
                             | Some (Text t) => Good (split_words t)
                             | _ => Bad "the netlist has no groups" []
                             end
               | _ => Bad "the netlist's metadata" []
               end ;;
      input_shape <- tensor "input.shape" "I64" 8 ;;
      group_type <- tensor "group.type" "I32" 4 ;;
      cell_type <- tensor "cell.type" "I32" 4 ;;
      cell_bias <- tensor "cell.bias" "I64" 8 ;;
      cell_ports <- tensor "cell.ports" "I32" 4 ;;
      cell_terms <- tensor "cell.terms" "I32" 4 ;;
      term_port <- tensor "term.port" "U8" 1 ;;
      term_offset <- tensor "term.offset" "I32" 4 ;;
      term_weight <- tensor "term.weight" "I32" 4 ;;
      term_shift <- tensor "term.shift" "U8" 1 ;;
      let cells := product (dimensions cell_bias) in
      require (forallb (activation_known f cell_type) (range cells))
        "a cell that is neither linear nor a step: not proved" [] (
      let shape := map (fun i => i64 f (start input_shape + 8 * i)) (range (product (dimensions input_shape))) in
      match names with
      | [] => Bad "the netlist has no groups" []
      | input :: names =>
          let inputs := group_of f group_type numbered 0 input 0 shape in
          placed <- read_groups f header data group_type numbered 1 (count inputs) names ;;
          Good {| inputs := inputs;
                  groups := map of placed;
                  cell_number := fun k => match in_group placed k with
                                          | Some p => i32 f (cell_at p + 4 * (k - first (of p)))
                                          | None => -1
                                          end;
                  cells := fold_left (fun m k =>
                    M.add k (read_cell f cell_type cell_bias cell_ports cell_terms term_port term_offset term_weight
                               term_shift k) m) (range cells) (M.empty cell);
                  base := fun k q => match in_group placed k with
                                     | Some p => i32 f (base_at p + 4 * ((k - first (of p)) * base_ports p + q))
                                     | None => -1
                                     end |}
      end))
  | _ => Bad "the netlist's header is not an object" []
  end).
