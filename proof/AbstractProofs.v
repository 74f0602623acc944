(* Proofs of Mathematics.v's abstract theorem and of its converse example. *)
Require Import ZArith Lia Setoid Morphisms Mathematics GridProofs.

#[global] Existing Instance same_equivalence.
#[global] Existing Instance comp_same.
#[global] Existing Instance plus_same.
#[global] Instance times_same n K (A B : object K) : Proper (same ==> same) (@times n K A B).
Proof. induction n; cbn; intros f g E; [reflexivity|]. apply plus_same; [exact E|apply IHn, E]. Qed.

Section Decomposition.
  Variables (K : semiadditive) (X C : object K) (n : nat) (d : decomposition K X C n).

  Lemma comp_times k A B D (h : hom K B D) (f : hom K A B) : comp h (times k f) == times k (comp h f).
  Proof. induction k; cbn. apply comp_zero. rewrite comp_plus, IHk. reflexivity. Qed.
  Lemma times_comp k A B D (h : hom K B D) (f : hom K A B) : comp (times k h) f == times k (comp h f).
  Proof. induction k; cbn. apply zero_comp. rewrite plus_comp, IHk. reflexivity. Qed.

  Lemma splits Y (L : hom K X Y) : times n L == plus (comp L (r d)) (comp (comp L (u d)) (p d)).
  Proof. rewrite <- comp_assoc, <- comp_plus, whole, comp_times, id_right. reflexivity. Qed.

  Hypothesis cancel : cancellative K.

  Lemma p_r : comp (p d) (r d) == zero.
  Proof.
    apply cancel with (h := times n (p d)). rewrite plus_zero.
    transitivity (comp (p d) (plus (r d) (comp (u d) (p d)))).
    - rewrite comp_plus, comp_assoc, split, times_comp, id_left. reflexivity.
    - rewrite whole, comp_times, id_right. reflexivity.
  Qed.

  Lemma r_u : comp (r d) (u d) == zero.
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
  refine {| object := unit; hom := fun _ _ => bool; same := fun _ _ => eq; id := fun _ => true;
            comp := fun _ _ _ => andb; zero := fun _ _ => false; plus := fun _ _ => orb |};
    try (intros; exact _ || solve_proper);
    intros; repeat match goal with b : bool |- _ => destruct b end; reflexivity.
Defined.

Definition all_true : decomposition booleans tt tt 1.
Proof.
  refine {| p := true : hom booleans tt tt; u := true : hom booleans tt tt; r := true : hom booleans tt tt |}; reflexivity.
Defined.

Theorem cancellation_is_needed_holds : cancellation_is_needed.
Proof. exists booleans, tt, tt, all_true. cbn. discriminate. Qed.

(* ---- the circuit ---- *)

Open Scope Z_scope.

(* Maps of grids that add up, and give equal grids for equal grids. *)
Record additive := {
  map :> grid -> grid;
  map_same : forall x y, (forall i j, x i j = y i j) -> forall i j, map x i j = map y i j;
  map_plus : forall x y i j, map (fun i j => x i j + y i j) i j = map x i j + map y i j }.

Lemma map_zero (f : additive) x i j : (forall i j, x i j = 0) -> f x i j = 0.
Proof.
  intros X. pose proof (map_plus f x x i j) as P.
  rewrite (map_same f (fun i j => x i j + x i j) x) in P by (intros; rewrite !X; reflexivity). lia.
Qed.

Program Definition a_id : additive := {| map := fun x => x |}.
Program Definition a_comp (f g : additive) : additive := {| map := fun x => f (g x) |}.
Next Obligation. apply map_same. intros. apply map_same. assumption. Qed.
Next Obligation.
  rewrite <- map_plus. apply map_same. intros. apply map_plus.
Qed.
Program Definition a_zero : additive := {| map := fun _ _ _ => 0 |}.
Program Definition a_plus (f g : additive) : additive := {| map := fun x i j => f x i j + g x i j |}.
Next Obligation. f_equal; apply map_same; assumption. Qed.
Next Obligation. rewrite !map_plus. ring. Qed.
Program Definition a_pool : additive := {| map := pool |}.
Next Obligation. unfold pool. rewrite !H. reflexivity. Qed.
Next Obligation. unfold pool. ring. Qed.
Program Definition a_up : additive := {| map := up |}.
Program Definition a_cofiber : additive := {| map := cofiber |}.
Next Obligation. unfold cofiber, up, pool. rewrite !H. reflexivity. Qed.
Next Obligation. unfold cofiber, up, pool. ring. Qed.

Definition grids : semiadditive.
Proof.
  refine {| object := unit; hom := fun _ _ => additive; same := fun _ _ f g => forall x i j, map f x i j = map g x i j;
            id := fun _ => a_id; comp := fun _ _ _ => a_comp; zero := fun _ _ => a_zero; plus := fun _ _ => a_plus |};
    intros; cbn.
  - split; [intros f x i j; reflexivity|intros f g H x i j; symmetry; apply H|
            intros f g h F G x i j; rewrite F; apply G].
  - intros f f' F g g' G x i j. cbn. rewrite F. apply map_same. intros. apply G.
  - intros f f' F g g' G x i j. cbn. rewrite F, G. reflexivity.
  - reflexivity.
  - reflexivity.
  - reflexivity.
  - ring.
  - ring.
  - ring.
  - apply map_plus.
  - reflexivity.
  - apply map_zero. reflexivity.
  - reflexivity.
Defined.

Definition circuit : decomposition grids tt tt 4.
Proof.
  refine {| p := a_pool : hom grids tt tt; u := a_up : hom grids tt tt; r := a_cofiber : hom grids tt tt |}; intros x i j.
  - change (pool (up x) i j = x i j + (x i j + (x i j + (x i j + 0)))). rewrite pool_of_up_holds. ring.
  - change (cofiber x i j + up (pool x) i j = x i j + (x i j + (x i j + (x i j + 0)))). unfold cofiber. ring.
Defined.

Theorem circuit_is_an_instance_holds : circuit_is_an_instance.
Proof.
  exists grids, tt, map, circuit. split; [|repeat split; auto].
  intros A B f g h E x i j. specialize (E x i j). cbn in E. lia.
Qed.
