(* Proofs of Mathematics.v's abstract theorem and of its converse example. *)
Require Import Mathematics.

Section Decomposition.
  Variables (K : semiadditive) (X C : object K) (n : nat) (d : decomposition K X C n).

  Lemma comp_times k A B D (h : hom K B D) (f : hom K A B) : comp h (times k f) = times k (comp h f).
  Proof. induction k; cbn. apply comp_zero. rewrite comp_plus, IHk. reflexivity. Qed.
  Lemma times_comp k A B D (h : hom K B D) (f : hom K A B) : comp (times k h) f = times k (comp h f).
  Proof. induction k; cbn. apply zero_comp. rewrite plus_comp, IHk. reflexivity. Qed.

  Lemma splits Y (L : hom K X Y) : times n L = plus (comp L (r d)) (comp (comp L (u d)) (p d)).
  Proof. rewrite <- comp_assoc, <- comp_plus, whole, comp_times, id_right. reflexivity. Qed.

  Hypothesis cancel : cancellative K.

  Lemma p_r : comp (p d) (r d) = zero.
  Proof.
    apply cancel with (h := times n (p d)). rewrite plus_zero.
    transitivity (comp (p d) (plus (r d) (comp (u d) (p d)))).
    - rewrite comp_plus, comp_assoc, split, times_comp, id_left. reflexivity.
    - rewrite whole, comp_times, id_right. reflexivity.
  Qed.

  Lemma r_u : comp (r d) (u d) = zero.
  Proof.
    apply cancel with (h := times n (u d)). rewrite plus_zero.
    transitivity (comp (plus (r d) (comp (u d) (p d))) (u d)).
    - rewrite plus_comp, <- comp_assoc, split, comp_times, id_right. reflexivity.
    - rewrite whole, times_comp, id_left. reflexivity.
  Qed.
End Decomposition.

Theorem bands_are_disjoint_holds : bands_are_disjoint.
Proof. intros K X C n d cancel. split; [apply p_r | apply r_u]; exact cancel. Qed.

Theorem block_diagonal_holds : block_diagonal.
Proof.
  intros K X C n d T Tc cancel Tu pT. split.
  - rewrite comp_assoc, pT, <- comp_assoc, p_r by exact cancel. apply comp_zero.
  - rewrite Tu, comp_assoc, r_u by exact cancel. apply zero_comp.
Qed.

Theorem classifier_splits_holds : classifier_splits.
Proof. intros K X C n d Y L. apply splits. Qed.

(* One object; its morphisms are the Booleans; sums are "or", composition is "and". *)
Definition booleans : semiadditive.
Proof.
  refine {| object := unit; hom := fun _ _ => bool; id := fun _ => true;
            comp := fun _ _ _ => andb; zero := fun _ _ => false; plus := fun _ _ => orb |};
    intros; repeat match goal with b : bool |- _ => destruct b end; reflexivity.
Defined.

Definition all_true : decomposition booleans tt tt 1.
Proof. refine {| p := true : hom booleans tt tt; u := true : hom booleans tt tt; r := true : hom booleans tt tt |}; reflexivity. Defined.

Theorem cancellation_is_needed_holds : cancellation_is_needed.
Proof. exists booleans, tt, tt, all_true. cbn. discriminate. Qed.
