(* Arithmetic of words: slices, two's complement, congruence modulo 2^w. *)
Require Import ZArith Lia Bool List Spec.
Import ListNotations.
Open Scope Z_scope.

Lemma pow2_pos n : 0 <= n -> 0 < 2 ^ n.
Proof. intros. apply Z.pow_pos_nonneg; lia. Qed.
Lemma pow2_half n : 0 < n -> 2 ^ n = 2 * 2 ^ (n - 1).
Proof. intros. rewrite <- Z.pow_succ_r by lia. f_equal. lia. Qed.

(* ---- slices ---- *)

Lemma bits_range v lo n : 0 <= n -> 0 <= bits v lo n < 2 ^ n.
Proof. intros N. apply Z.mod_pos_bound, pow2_pos, N. Qed.
Lemma bits_low v n : bits v 0 n = v mod 2 ^ n.
Proof. unfold bits. rewrite Z.div_1_r. reflexivity. Qed.
Lemma bits_whole v n : 0 <= v < 2 ^ n -> bits v 0 n = v.
Proof. intros V. rewrite bits_low. apply Z.mod_small, V. Qed.

Lemma bits_testbit v lo n i : 0 <= lo -> 0 <= i < n -> Z.testbit (bits v lo n) i = Z.testbit v (lo + i).
Proof.
  intros L I. unfold bits. rewrite Z.mod_pow2_bits_low by lia. rewrite Z.div_pow2_bits by lia. f_equal. lia.
Qed.
Lemma bits_testbit_high v lo n i : 0 <= n <= i -> Z.testbit (bits v lo n) i = false.
Proof. intros I. unfold bits. apply Z.mod_pow2_bits_high. lia. Qed.

Lemma bits_bits v q len lo n : 0 <= q -> 0 <= lo -> 0 <= n -> lo + n <= len ->
  bits (bits v q len) lo n = bits v (q + lo) n.
Proof.
  intros Q L N S. apply Z.bits_inj'. intros i I. destruct (Z_lt_le_dec i n).
  - rewrite !bits_testbit by lia. f_equal. lia.
  - rewrite !bits_testbit_high by lia. reflexivity.
Qed.

(* Only the lowest bits count. *)
Lemma bits_mod v f lo n : 0 <= lo -> 0 <= n -> lo + n <= f -> bits (v mod 2 ^ f) lo n = bits v lo n.
Proof. intros L N F. rewrite <- bits_low, bits_bits by lia. reflexivity. Qed.

Lemma bits_add v f x n : 0 <= f -> 0 <= v < 2 ^ f -> 0 <= x < 2 ^ n -> bits (v + x * 2 ^ f) f n = x.
Proof.
  intros F V X. unfold bits. rewrite Z.div_add by (pose proof (pow2_pos f); lia).
  rewrite Z.div_small, Z.add_0_l by lia. apply Z.mod_small, X.
Qed.

(* ---- congruence ---- *)

Definition cong w a b := exists k, a = b + k * 2 ^ w.

Lemma cong_refl w a : cong w a a. Proof. exists 0. ring. Qed.
Lemma cong_eq w a b : a = b -> cong w a b. Proof. intros ->. apply cong_refl. Qed.
Lemma cong_trans w a b c : cong w a b -> cong w b c -> cong w a c.
Proof. intros [k ->] [l ->]. exists (k + l). ring. Qed.
Lemma cong_sym w a b : cong w a b -> cong w b a.
Proof. intros [k ->]. exists (- k). ring. Qed.
Lemma cong_add w a b c d : cong w a b -> cong w c d -> cong w (a + c) (b + d).
Proof. intros [k ->] [l ->]. exists (k + l). ring. Qed.
Lemma cong_sub w a b c d : cong w a b -> cong w c d -> cong w (a - c) (b - d).
Proof. intros [k ->] [l ->]. exists (k - l). ring. Qed.
Lemma cong_mul w a b c d : cong w a b -> cong w c d -> cong w (a * c) (b * d).
Proof. intros [k ->] [l ->]. exists (k * d + l * b + k * l * 2 ^ w). ring. Qed.
Lemma cong_mod w a : 0 <= w -> cong w (a mod 2 ^ w) a.
Proof. intros W. exists (- (a / 2 ^ w)). pose proof (pow2_pos w W). pose proof (Z.div_mod a (2 ^ w)). lia. Qed.
Lemma cong_number s w a : cong w (number s w a) a.
Proof. unfold number. destruct (_ && _). exists (-1). ring. apply cong_refl. Qed.
Lemma cong_of_mod w a b : 0 <= w -> (a - b) mod 2 ^ w = 0 -> cong w a b.
Proof.
  intros W H. pose proof (pow2_pos w W). apply Z.mod_divide in H; [|lia]. destruct H as [k H]. exists k. lia.
Qed.

(* ---- numbers ---- *)

Definition in_type (s : bool) (w v : Z) := if s then - 2 ^ (w - 1) <= v < 2 ^ (w - 1) else 0 <= v < 2 ^ w.

Lemma number_range s w v : 0 < w -> 0 <= v < 2 ^ w -> in_type s w (number s w v).
Proof.
  intros W V. pose proof (pow2_half w W). unfold in_type, number.
  destruct s; cbn [andb]; [destruct (Z.leb_spec (2 ^ (w - 1)) v)|]; lia.
Qed.

(* A word that is congruent to a number of its type stands for it. *)
Lemma number_unique s w v n : 0 < w -> 0 <= v < 2 ^ w -> cong w v n -> in_type s w n -> number s w v = n.
Proof.
  intros W V [k ->]. pose proof (pow2_half w W) as E. unfold in_type, number.
  destruct s; cbn [andb]; intros N.
  - destruct (Z.leb_spec (2 ^ (w - 1)) (n + k * 2 ^ w)).
    + assert (k = 1) by nia. subst. lia.
    + assert (k = 0) by nia. subst. lia.
  - assert (k = 0) by nia. subst. lia.
Qed.

(* ---- signals ---- *)

(* Every chunk takes bits, not fewer than none. *)
Definition sound_chunk (c : chunk) : Prop := 0 <= chunk_width c.

Lemma chunk_range e c : 0 <= chunk_width c -> 0 <= chunk_value e c < 2 ^ chunk_width c.
Proof.
  destruct c as [v n|x lo n|x lo n]; cbn; intros N; pose proof (pow2_pos n N).
  - apply Z.mod_pos_bound. assumption.
  - apply bits_range, N.
  - pose proof (bits_range (e x) lo 1). change (2 ^ 1) with 2 in *. nia.
Qed.
Lemma width_nonneg s : Forall sound_chunk s -> 0 <= width s.
Proof. induction 1 as [|c s C _ IH]; cbn; [lia|]. unfold sound_chunk in C. lia. Qed.
Lemma val_range e s : Forall sound_chunk s -> 0 <= val e s < 2 ^ width s.
Proof.
  induction 1 as [|c s C F IH]; cbn [val width]; [cbn; lia|]. unfold sound_chunk in C.
  pose proof (chunk_range e c C). pose proof (width_nonneg s F). rewrite Z.pow_add_r by lia.
  pose proof (pow2_pos _ C). nia.
Qed.
