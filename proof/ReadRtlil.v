(* The reader of RTLIL as Yosys writes it: it defines which design a text means. It refuses everything that it does not
   name. *)
Require Import ZArith Ascii String List Bool Spec Answer Bytes.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(* ---- the words of the language ---- *)

Definition word_width : name := Eval compute in text_name "width".
Definition word_signed : name := Eval compute in text_name "signed".
Definition word_input : name := Eval compute in text_name "input".
Definition word_output : name := Eval compute in text_name "output".
Definition word_module : name := Eval compute in text_name "module".
Definition word_end : name := Eval compute in text_name "end".
Definition word_attribute : name := Eval compute in text_name "attribute".
Definition word_autoidx : name := Eval compute in text_name "autoidx".
Definition word_parameter : name := Eval compute in text_name "parameter".
Definition word_wire : name := Eval compute in text_name "wire".
Definition word_cell : name := Eval compute in text_name "cell".
Definition word_connect : name := Eval compute in text_name "connect".
Definition word_process : name := Eval compute in text_name "process".
Definition word_assign : name := Eval compute in text_name "assign".
Definition word_sync : name := Eval compute in text_name "sync".
Definition word_always : name := Eval compute in text_name "always".
Definition word_update : name := Eval compute in text_name "update".
Definition type_add : name := Eval compute in text_name "$add".
Definition type_sub : name := Eval compute in text_name "$sub".
Definition type_mul : name := Eval compute in text_name "$mul".
Definition type_ge : name := Eval compute in text_name "$ge".
Definition port_A : name := Eval compute in text_name "\A".
Definition port_B : name := Eval compute in text_name "\B".
Definition port_Y : name := Eval compute in text_name "\Y".
Definition port_A_WIDTH : name := Eval compute in text_name "\A_WIDTH".
Definition port_B_WIDTH : name := Eval compute in text_name "\B_WIDTH".
Definition port_Y_WIDTH : name := Eval compute in text_name "\Y_WIDTH".
Definition port_A_SIGNED : name := Eval compute in text_name "\A_SIGNED".
Definition port_B_SIGNED : name := Eval compute in text_name "\B_SIGNED".

Section Reader.
  Variable f : file.

  Definition is_space (c : Z) : bool := (c =? 32) || (c =? 9).
  Definition ends_word (c : Z) : bool := c <=? 32. (* a space, the end of the line or of the file *)
  Definition skip_spaces (p : Z) : Z :=
    match loop 6 (fun p => if is_space (f p) then inl (p + 1) else inr p) p with inl p | inr p => p end.
  Definition next_line (p : Z) : Z :=
    match loop 30 (fun p => if f p =? 10 then inr (p + 1) else if f p <? 0 then inr p else inl (p + 1)) p with
    | inl p | inr p => p
    end.
  (* A word as a name, and the place behind it; 1, the empty name, at the end of the line. *)
  Definition word (p : Z) : name * Z :=
    match loop 16 (fun s => let '(w, p) := s in if ends_word (f p) then inr s else inl (256 * w + f p, p + 1))
            (1, skip_spaces p) with
    | inl s | inr s => s
    end.

  (* ---- signals ---- *)

  (* Bits of a constant, the most significant first: 0110. *)
  Definition constant_bits (p : Z) : answer (Z * Z * Z) :=
    match loop 16 (fun s =>
        let '(v, n, p) := s in
        let c := f p in
        if ends_word c then inr (Good s)
        else if (c =? 48) || (c =? 49) then inl (2 * v + (c - 48), n + 1, p + 1)
        else inr (Bad "an x bit, or another that is neither 0 nor 1" [])) (0, 0, p) with
    | inl _ => Bad "a constant of too many bits" []
    | inr a => a
    end.
  Definition constant (p : Z) : answer (chunk * Z) :=
    let '(n, p) := natural f p in
    if f p =? 39 (* ' *) then
      r <- constant_bits (p + 1) ;;
      let '(v, m, p) := r in
      require (n =? m) "a constant's width" [] (Good (Lit v n, p))
    else require (ends_word (f p) && (n <? 2 ^ 31)) "a constant" [] (Good (Lit n 32, p)).

  (* A wire, [hi:lo] or [bit] of it. *)
  Definition slice_of (ws : M.t (Z * direction)) (p : Z) : answer (chunk * Z) :=
    let '(x, p) := word p in
    w <- some (M.find x ws) "no such wire:" [Name x] ;;
    let q := skip_spaces p in
    if f q =? 91 (* [ *) then
      let '(hi, q) := natural f (q + 1) in
      let '(lo, q) := if f q =? 58 (* : *) then natural f (q + 1) else (hi, q) in
      require ((f q =? 93) && (lo <=? hi) && (hi <? fst w)) "a slice of" [Name x] (Good (Slice x lo (hi - lo + 1), q + 1))
    else Good (Slice x 0 (fst w), p).
  Definition one_chunk (ws : M.t (Z * direction)) (p : Z) : answer (chunk * Z) :=
    let p := skip_spaces p in
    if is_digit (f p) then constant p
    else if (f p =? 92) || (f p =? 36) (* backslash, $ *) then slice_of ws p
    else Bad "a signal" [].

  (* { a b c }, the most significant first: what has been read, reversed, is least significant first. *)
  Definition chunks (ws : M.t (Z * direction)) (p : Z) : answer (sig * Z) :=
    match loop 20 (fun s =>
        let '(l, p) := s in
        let p := skip_spaces p in
        if f p =? 125 (* } *) then inr (Good (l, p + 1))
        else match one_chunk ws p with Good (c, p) => inl (c :: l, p) | Wrong q w a => inr (Wrong q w a) end) ([], p) with
    | inl _ => Bad "a signal of too many parts" []
    | inr a => a
    end.

  (* The same signal in fewer chunks: constants joined, copies of a slice's top bit counted. *)
  Fixpoint compress (c : chunk) (s : sig) : sig :=
    match s with
    | [] => [c]
    | d :: s =>
        match c, d with
        | Lit v n, Lit w m => compress (Lit (v + 2 ^ n * w) (n + m)) s
        | Slice x lo n, Slice y b 1 =>
            if (x =? y) && (b =? lo + n - 1) then c :: compress (Repeat x b 1) s else c :: compress d s
        | Repeat x b k, Slice y b' 1 =>
            if (x =? y) && (b =? b') then compress (Repeat x b (k + 1)) s else c :: compress d s
        | _, _ => c :: compress d s
        end
    end.
  Definition signal (ws : M.t (Z * direction)) (p : Z) : answer (sig * Z) :=
    let p := skip_spaces p in
    if f p =? 123 (* { *) then
      r <- chunks ws (p + 1) ;;
      Good (match fst r with [] => [] | c :: s => compress c s end, snd r)
    else
      r <- one_chunk ws p ;;
      Good ([fst r], snd r).

  (* ---- lines ---- *)

  Record open_cell := { cell_type : name; cell_label : name; parameters : M.t Z; connections : list (name * sig) }.
  Record open_module := { module_name : name; known_wires : M.t (Z * direction); known_items : list item }.
  Record reading := { at_byte : Z; read : design; in_module : option open_module; in_cell : option open_cell;
                      in_process : bool }.

  Fixpoint wire_options (n : nat) (p w : Z) (dir : direction) : answer (Z * direction * name) :=
    match n with
    | O => Bad "a wire" []
    | S n =>
        let '(x, p) := word p in
        if x =? word_width then let '(w, p) := natural f (skip_spaces p) in wire_options n p w dir
        else if x =? word_signed then wire_options n p w dir
        else if x =? word_input then let '(_, p) := natural f (skip_spaces p) in wire_options n p w Input
        else if x =? word_output then let '(_, p) := natural f (skip_spaces p) in wire_options n p w Output
        else require (fst (word p) =? 1) "an option of a wire that the checker does not know:" [Name x] (Good (w, dir, x))
    end.

  Definition finish_cell (c : open_cell) : answer item :=
    let number x := match M.find x (parameters c) with Some v => v | None => -1 end in
    let port x := some (find (fun q => fst q =? x) (connections c)) "a cell without the port" [Name x; Name (cell_label c)] in
    let operator k :=
      a <- port port_A ;;
      b <- port port_B ;;
      y <- port port_Y ;;
      let '(a, b, y) := (snd a, snd b, snd y) in
      require ((length (connections c) =? 3)%nat && (number port_A_WIDTH =? width a) && (number port_B_WIDTH =? width b)
               && (number port_Y_WIDTH =? width y) && (number port_A_SIGNED =? number port_B_SIGNED)
               && ((number port_A_SIGNED =? 0) || (number port_A_SIGNED =? 1)))
        "the parameters of the cell" [Name (cell_label c)]
        (Good (Cell k (number port_A_SIGNED =? 1) a b y)) in
    let t := cell_type c in
    if t =? type_add then operator Add
    else if t =? type_sub then operator Sub
    else if t =? type_mul then operator Mul
    else if t =? type_ge then operator Ge
    else require (M.is_empty (parameters c)) "a cell that the checker does not know:" [Name t; Name (cell_label c)]
      (Good (Inst t (cell_label c) (rev (connections c)))).

  Definition with_item (m : open_module) (i : item) : open_module :=
    {| module_name := module_name m; known_wires := known_wires m; known_items := i :: known_items m |}.

  (* connect, assign and update each say that two signals are equal. *)
  Definition assignment (r : reading) (m : open_module) (p : Z) : answer reading :=
    y <- signal (known_wires m) p ;;
    a <- signal (known_wires m) (snd y) ;;
    let m := match fst y, fst a with [], [] => m | y, a => with_item m (Assign y a) end in
    Good {| at_byte := next_line (snd a); read := read r; in_module := Some m; in_cell := None;
            in_process := in_process r |}.

  Definition cell_line (r : reading) (m : open_module) (c : open_cell) (x : name) (p : Z) : answer reading :=
    let go p m c := Good {| at_byte := next_line p; read := read r; in_module := Some m; in_cell := c;
                            in_process := false |} in
    if x =? word_connect then
      let '(port, p) := word p in
      s <- signal (known_wires m) p ;;
      go (snd s) m (Some {| cell_type := cell_type c; cell_label := cell_label c; parameters := parameters c;
                            connections := (port, fst s) :: connections c |})
    else if x =? word_parameter then
      let '(port, p) := word p in
      let p := skip_spaces p in
      require (is_digit (f p)) "a parameter that is not a number, of" [Name (cell_label c)] (
      let '(v, p) := natural f p in
      require (ends_word (f p)) "a parameter that is not a number, of" [Name (cell_label c)] (
      go p m (Some {| cell_type := cell_type c; cell_label := cell_label c;
                      parameters := M.add port v (parameters c); connections := connections c |})))
    else if x =? word_end then
      i <- finish_cell c ;;
      go p (with_item m i) None
    else Bad "a line of a cell that the checker does not know:" [Name x].

  (* Within a process: assignments without any condition, and "sync always" with its updates. The order of assignments
     would only matter where a bit is assigned twice, and that is refused as a second driver (Order.v). *)
  Definition process_line (r : reading) (m : open_module) (x : name) (p : Z) : answer reading :=
    if (x =? word_assign) || (x =? word_update) then assignment r m p
    else if (x =? word_sync) && (fst (word p) =? word_always) then
      Good {| at_byte := next_line p; read := read r; in_module := Some m; in_cell := None; in_process := true |}
    else if x =? word_end then
      Good {| at_byte := next_line p; read := read r; in_module := Some m; in_cell := None; in_process := false |}
    else Bad "a process with more than plain assignments: a line" [Name x].

  Definition module_line (r : reading) (m : open_module) (x : name) (p : Z) : answer reading :=
    let go p m c process := Good {| at_byte := next_line p; read := read r; in_module := Some m; in_cell := c;
                                    in_process := process |} in
    if x =? word_wire then
      w <- wire_options 8 p 1 Inner ;;
      let '(w, dir, x) := w in
      require (negb (M.mem x (known_wires m))) "two wires of one name:" [Name x] (
      go p {| module_name := module_name m; known_wires := M.add x (w, dir) (known_wires m);
              known_items := known_items m |} None false)
    else if x =? word_cell then
      let '(t, p) := word p in
      let '(label, p) := word p in
      go p m (Some {| cell_type := t; cell_label := label; parameters := M.empty Z; connections := [] |}) false
    else if x =? word_connect then assignment r m p
    else if x =? word_process then go p m None true
    else if x =? word_parameter then go p m None false
    else if x =? word_end then
      require (negb (M.mem (module_name m) (read r))) "two modules of one name:" [] (
      Good {| at_byte := next_line p;
              read := M.add (module_name m) {| wires := known_wires m; items := rev (known_items m) |} (read r);
              in_module := None; in_cell := None; in_process := false |})
    else Bad "a line that the checker does not know:" [Name x].

  (* Reads one line; at the end of the file it gives the design. *)
  Definition line (r : reading) : reading + answer design :=
    let continue (a : answer reading) := match a with Good r => inl r | Wrong p w l => inr (Wrong p w l) end in
    let p := skip_spaces (at_byte r) in
    let c := f p in
    if c <? 0 then
      inr (match in_module r with None => Good (read r) | Some _ => Bad "the file ends within a module" [] end)
    else
      let '(x, q) := word p in
      if (c =? 10) || (c =? 35) || (x =? word_attribute) || (x =? word_autoidx) then
        inl {| at_byte := next_line p; read := read r; in_module := in_module r; in_cell := in_cell r;
               in_process := in_process r |}
      else match in_module r with
           | None =>
               if x =? word_module then
                 inl {| at_byte := next_line q; read := read r; in_cell := None; in_process := false;
                        in_module := Some {| module_name := fst (word q); known_wires := M.empty (Z * direction);
                                             known_items := [] |} |}
               else inr (Bad "a line outside a module:" [Name x])
           | Some m =>
               continue (within (Name (module_name m))
                 (match in_cell r with
                  | Some c => cell_line r m c x q
                  | None => if in_process r then process_line r m x q else module_line r m x q
                  end))
           end.

  Definition read_design : answer design :=
    match loop 40 line {| at_byte := 0; read := M.empty module; in_module := None; in_cell := None; in_process := false |} with
    | inl _ => Bad "a file of too many lines" []
    | inr a => a
    end.
End Reader.
