(* Proofs of Mathematics.v's statements on grids, classifiers and counts. *)
Require Import ZArith List Lia Arith Mathematics.
Import ListNotations.
Open Scope Z_scope.

Lemma half_even i : ((2 * i) / 2 = i)%nat.
Proof. rewrite Nat.mul_comm. apply Nat.div_mul. lia. Qed.
Lemma half_odd i : ((2 * i + 1) / 2 = i)%nat.
Proof. symmetry. apply Nat.div_unique with 1%nat; lia. Qed.

Theorem pool_of_up_holds : pool_of_up.
Proof. intros x i j. unfold pool, up. rewrite !half_even, !half_odd. ring. Qed.

Theorem pool_of_cofiber_holds : pool_of_cofiber.
Proof. intros x i j. unfold cofiber, pool at 1, up. rewrite !half_even, !half_odd. unfold pool. ring. Qed.

Theorem cofiber_of_up_holds : cofiber_of_up.
Proof. intros x i j. unfold cofiber, up at 2. rewrite pool_of_up_holds. unfold up. ring. Qed.

(* ---- sums ---- *)

Lemma sum_below_ext n f g : (forall k, (k < n)%nat -> f k = g k) -> sum_below n f = sum_below n g.
Proof. induction n as [|n IH]; cbn; intros H; auto. rewrite IH, H; auto. Qed.
Lemma sum_below_plus n f g : sum_below n (fun k => f k + g k) = sum_below n f + sum_below n g.
Proof. induction n; cbn; lia. Qed.
Lemma sum_below_scale n c f : sum_below n (fun k => c * f k) = c * sum_below n f.
Proof. induction n; cbn; lia. Qed.
Lemma sum_below_pairs n f : sum_below (2 * n) f = sum_below n (fun k => f (2 * k)%nat + f (2 * k + 1)%nat).
Proof.
  induction n as [|n IH]; [reflexivity|].
  replace (2 * S n)%nat with (S (S (2 * n))) by lia. cbn [sum_below]. rewrite IH.
  replace (2 * n + 1)%nat with (S (2 * n)) by lia. lia.
Qed.

(* ---- reconstruction ---- *)

Lemma ups_cofiber k : forall x i j, ups k (cofiber x) i j = 4 * ups k x i j - ups k (up (pool x)) i j.
Proof.
  intros x. change (cofiber x) with (fun i j => 4 * x i j - up (pool x) i j).
  generalize (up (pool x)). revert x. induction k as [|k IH]; intros x q i j; [reflexivity|].
  cbn [ups]. exact (IH (up x) (up q) i j).
Qed.

Theorem reconstruction_holds : reconstruction.
Proof.
  intros K x i j. induction K as [|K IH].
  { cbn [sum_below ups pools]. change (4 ^ Z.of_nat 0) with 1. ring. }
  cbn [sum_below pools ups]. rewrite Nat2Z.inj_succ, Z.pow_succ_r, <- Z.mul_assoc, IH by lia.
  replace (S K - 1 - K)%nat with O by lia. rewrite ups_cofiber.
  rewrite (sum_below_ext K (fun k => 4 ^ Z.of_nat (S K - 1 - k) * ups k (cofiber (pools k x)) i j)
             (fun k => 4 * (4 ^ Z.of_nat (K - 1 - k) * ups k (cofiber (pools k x)) i j))).
  - rewrite sum_below_scale. change (4 ^ Z.of_nat 0) with 1. ring.
  - intros k L. replace (S K - 1 - k)%nat with (S (K - 1 - k)) by lia.
    rewrite Nat2Z.inj_succ, Z.pow_succ_r by lia. ring.
Qed.

Theorem bilinear_leaks_holds : bilinear_leaks.
Proof. exists (fun i j => match i, j with O, O => 1 | _, _ => 0 end). vm_compute. discriminate. Qed.

(* ---- direct = iterated ---- *)

Lemma pools_first k : forall x, pools (S k) x = pools k (pool x).
Proof. induction k as [|k IH]; intros; [reflexivity|]. cbn [pools] in *. rewrite IH. reflexivity. Qed.

Theorem direct_is_iterated_holds : direct_is_iterated.
Proof.
  intros k. induction k as [|k IH]; intros x i j.
  { unfold direct_pool. cbn. rewrite !Nat.add_0_r. reflexivity. }
  rewrite pools_first, <- IH. unfold direct_pool. rewrite Nat.pow_succ_r', sum_below_pairs.
  apply sum_below_ext. intros a _. rewrite !sum_below_pairs, <- sum_below_plus.
  apply sum_below_ext. intros b _. unfold pool.
  replace (2 * 2 ^ k * i + 2 * a)%nat with (2 * (2 ^ k * i + a))%nat by lia.
  replace (2 * 2 ^ k * i + (2 * a + 1))%nat with (2 * (2 ^ k * i + a) + 1)%nat by lia.
  replace (2 * 2 ^ k * j + 2 * b)%nat with (2 * (2 ^ k * j + b))%nat by lia.
  replace (2 * 2 ^ k * j + (2 * b + 1))%nat with (2 * (2 ^ k * j + b) + 1)%nat by lia. ring.
Qed.

(* ---- classifiers ---- *)

Lemma dot_linear w : forall a b x y c, dot w (fun d => a * x d + b * y d) c = a * dot w x c + b * dot w y c.
Proof. induction w; intros; cbn; [ring|]. rewrite IHw. ring. Qed.
Lemma dot_plus w x y c : dot w (fun d => x d + y d) c = dot w x c + dot w y c.
Proof. revert c. induction w; intros; cbn; [ring|]. rewrite IHw. ring. Qed.

Theorem classify_commutes_with_pool_holds : classify_commutes_with_pool.
Proof. intros w x i j. unfold classify, pool. rewrite !dot_plus. reflexivity. Qed.

Theorem classify_commutes_with_cofiber_holds : classify_commutes_with_cofiber.
Proof.
  intros w x i j. unfold cofiber, up. rewrite <- classify_commutes_with_pool_holds. unfold classify.
  assert (E : forall c, dot w (fun d => 4 * x d i j - pool (x d) (i / 2)%nat (j / 2)%nat) c
    = dot w (fun d => 4 * x d i j + -1 * pool (x d) (i / 2)%nat (j / 2)%nat) c).
  { induction w as [|a w IH]; intros c; cbn [dot]; [reflexivity|]. rewrite IH. ring. }
  rewrite E, dot_linear. ring.
Qed.

Theorem exact_threshold_holds : exact_threshold.
Proof. intros s num den D. pose proof (Z.div_mod num den). pose proof (Z.mod_pos_bound num den). nia. Qed.

(* ---- counts ---- *)

Theorem gates_closed_form_holds : gates_closed_form.
Proof.
  intros K. induction K as [|K IH]; intros h w D N H W. { cbn. ring. }
  cbn [gates]. rewrite Nat2Z.inj_succ, !Z.pow_succ_r by lia.
  assert (E : forall y, 2 * 2 ^ Z.of_nat K * y / 2 = 2 ^ Z.of_nat K * y)
    by (intros; rewrite <- Z.mul_assoc, Z.mul_comm; apply Z.div_mul; lia).
  rewrite !E, !Z.mul_add_distr_l, IH by lia.
  replace (4 ^ Z.of_nat K) with (2 ^ Z.of_nat K * 2 ^ Z.of_nat K) by (rewrite <- Z.pow_mul_l; reflexivity). ring.
Qed.

Theorem card_total_holds : card_total. Proof. reflexivity. Qed.
Theorem card_rows_holds : card_rows. Proof. reflexivity. Qed.
