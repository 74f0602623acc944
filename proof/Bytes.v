(* Files as the readers see them, and loops over them. *)
Require Import ZArith List Spec Answer.
Import ListNotations.
Open Scope Z_scope.

(* Byte k of a file; -1 behind its end. *)
Definition file := Z -> Z.

(* Applies f again and again until it answers inr, 2^depth times at most. *)
Fixpoint loop {S R} (depth : nat) (f : S -> S + R) (s : S) : S + R :=
  match depth with
  | O => f s
  | Datatypes.S depth => match loop depth f s with inl s => loop depth f s | inr r => inr r end
  end.

(* The bytes of a word of ASCII, as a name. *)
Definition ascii_bytes (s : String.string) : list Z :=
  map (fun c => Z.of_N (Ascii.N_of_ascii c)) (String.list_ascii_of_string s).
Definition text_name (s : String.string) : name := bytes_name (ascii_bytes s).

Definition is_digit (c : Z) : bool := (48 <=? c) && (c <=? 57).
(* A number in decimal digits, and the place behind it. *)
Definition natural (f : file) (p : Z) : Z * Z :=
  match loop 10 (fun s => let '(v, p) := s in
                          if is_digit (f p) then inl (10 * v + (f p - 48), p + 1) else inr (v, p)) (0, p) with
  | inl r | inr r => r
  end.
