(* Answers of the checker: a value, or a complaint and the names, numbers and gates that it is about. *)
Require Import ZArith String List.
Import ListNotations.

(* A name is written as in Spec.v; a gate is the net that it drives. *)
Inductive subject := Name (x : Z) | Number (z : Z) | Gate (k : Z).
Inductive answer (A : Type) := Good (a : A) | Wrong (place : list subject) (words : string) (about : list subject).
Arguments Good {_}. Arguments Wrong {_}.
Definition Bad {A} (words : string) (about : list subject) : answer A := Wrong [] words about.

Definition bind {A B} (a : answer A) (f : A -> answer B) : answer B :=
  match a with Good a => f a | Wrong p w l => Wrong p w l end.
Notation "x <- a ;; b" := (bind a (fun x => b)) (at level 61, a at next level, right associativity).

Definition require {A} (b : bool) (words : string) (about : list subject) (rest : answer A) : answer A :=
  if b then rest else Bad words about.
Definition some {A} (o : option A) (words : string) (about : list subject) : answer A :=
  match o with Some a => Good a | None => Bad words about end.
(* Adds to a complaint the place where it arose. *)
Definition within {A} (s : subject) (a : answer A) : answer A :=
  match a with Good a => Good a | Wrong p w l => Wrong (s :: p) w l end.

Fixpoint fold_answer {A S} (f : A -> S -> answer S) (l : list A) (s : S) : answer S :=
  match l with [] => Good s | a :: l => s <- f a s ;; fold_answer f l s end.
