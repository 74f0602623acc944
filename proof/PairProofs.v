(* A leaf that pair_ok accepts computes the cell, wherever it is wired as the placing says. *)
Require Import ZArith List Lia Bool Permutation Spec Answer Checker Words Facts LeafProofs.
Import ListNotations.
Open Scope Z_scope.

Section Entries.
  (* N: the values of nets; the placing's nets count from `origin`; `known`: what is true of every net that is read. *)
  Variables (N : Z -> Z) (origin : Z) (known : Z -> Prop).

  Fixpoint entries_value (l : list entry) : Z :=
    match l with [] => 0 | a :: l => coefficient a * N (origin + at_net a) + entries_value l end.
  Definition entry_typed (a : entry) : Prop :=
    in_type (at_signed a) (at_width a) (N (origin + at_net a)) /\ known (origin + at_net a).

  Lemma entries_perm a b : Permutation a b -> entries_value a = entries_value b.
  Proof. induction 1; cbn; lia. Qed.
  Lemma sorted_perm w l : Permutation (sorted w l) l.
  Proof.
    unfold sorted. symmetry. eapply Permutation_trans; [|apply Permutation_map, SortByNet.Permuted_sort].
    rewrite map_map. cbn. rewrite map_id. reflexivity.
  Qed.

  Lemma bounds a w v : 0 < w \/ True -> in_type a w v -> lowest a w <= v <= highest a w.
  Proof. unfold in_type, lowest, highest. destruct a; lia. Qed.

  Lemma compare_sound w : 0 <= w -> forall a b r, compare w a b = Good r -> Forall entry_typed a ->
    cong w (entries_value a) (entries_value b) /\ fst r <= entries_value b <= snd r
    /\ Forall (fun x => known (origin + at_net x)) b.
  Proof.
    intros W. induction a as [|x a IH]; intros [|y b] r C F; cbn [compare] in C; try discriminate C.
    - injection C as <-. cbn. split; [apply cong_refl|]. split; [lia|constructor].
    - take_apart C. facts. inversion F as [|x' a' [T K] F']; subst. destruct (IH _ _ E F') as (G & B & Fb).
      injection C as <-. cbn [entries_value fst snd]. rewrite C0 in *. split; [|split].
      + apply cong_add; [|exact G]. apply cong_mul; [|apply cong_refl]. apply cong_of_mod; assumption.
      + pose proof (bounds _ _ _ (or_intror Logic.I) T) as BT. set (u := lowest _ _) in *. set (v := highest _ _) in *.
        assert (Z.min (coefficient y * u) (coefficient y * v) <= coefficient y * N (origin + at_net y)
                <= Z.max (coefficient y * u) (coefficient y * v)); [|lia].
        destruct (Z.le_ge_cases 0 (coefficient y)); split;
          first [apply Z.min_le_iff | apply Z.max_le_iff]; (left; nia) || (right; nia).
      + constructor; assumption.
  Qed.

  Lemma cell_entries_value b c :
    entries_value (cell_entries b c) = weighted N (fun q => origin + nth_base b q) (terms c).
  Proof.
    unfold cell_entries. induction (terms c) as [|t l IH]; cbn [map entries_value weighted]; [reflexivity|].
    rewrite IH. cbn [coefficient at_net].
    replace (origin + (nth_base b (port t) + offset t)) with (origin + nth_base b (port t) + offset t) by ring. ring.
  Qed.

  (* ---- the leaf ---- *)

  Variables (e : env) (wiring : list wired).
  Definition signs (x : name) : bool := match find_wired x wiring with Some p => net_signed p | None => false end.

  (* Every whole net on a wired port has its value. *)
  Definition wired_right (q : wired) : Prop :=
    0 < net_width q /\
    forall lo, 0 <= lo -> lo mod net_width q = 0 -> lo + net_width q <= port_bits q ->
      number (net_signed q) (net_width q) (bits (e (at_port q)) lo (net_width q)) = N (origin + (net q + lo / net_width q))
      /\ known (origin + (net q + lo / net_width q)).
  Hypothesis wiring_right : Forall wired_right wiring.

  Lemma find_wired_in x p : find_wired x wiring = Some p -> In p wiring /\ at_port p = x.
  Proof.
    clear. induction wiring as [|q l IH]; cbn; [discriminate|]. destruct (Z.eqb_spec (at_port q) x); intros H.
    - injection H as <-. auto.
    - apply IH in H as [I E]. auto.
  Qed.

  Lemma fits_sign o : fits (ext o) (signs (from o)) = true -> sign_of signs o = signs (from o).
  Proof. unfold sign_of. destruct (ext o), (signs (from o)); cbn; congruence. Qed.

  Lemma leaf_entries_sound w l : 0 <= w -> forall es, leaf_entries w wiring l = Good es ->
    cong w (sum_value signs e l) (entries_value es) /\ Forall entry_typed es.
  Proof.
    intros W. induction l as [|[o k] l IH]; cbn [leaf_entries sum_value]; intros es H.
    - injection H as <-. cbn. split; [apply cong_refl|constructor].
    - take_apart H. destruct (IH _ E) as [G F]. destruct (Z.eqb_spec (k mod 2 ^ w) 0) as [Z|].
      + injection H as <-. split; [|exact F]. apply (cong_trans w _ (0 * operand_value signs e o + sum_value signs e l)).
        * apply cong_add; [|apply cong_refl]. apply cong_mul; [|apply cong_refl]. apply cong_of_mod; [exact W|].
          rewrite Z.sub_0_r. exact Z.
        * eapply cong_trans; [|exact G]. apply cong_eq. ring.
      + take_apart H. facts. injection H as <-. rename x0 into p.
        destruct (find_wired_in _ _ E0) as [I A].
        pose proof (proj1 (Forall_forall _ _) wiring_right p I) as [PW R].
        assert (S : sign_of signs o = net_signed p).
        { rewrite fits_sign by (unfold signs; rewrite E0; assumption). unfold signs. rewrite E0. reflexivity. }
        destruct (R (low o)) as [V K]; [lia|assumption|lia|].
        cbn [entries_value coefficient at_net]. split.
        * apply cong_add; [|exact G]. apply cong_eq. f_equal. rewrite <- V. unfold operand_value.
          rewrite S, A. f_equal; [|f_equal]; lia || congruence.
        * constructor; [|exact F]. split; cbn [at_signed at_width at_net]; [|exact K]. rewrite <- V.
          apply number_range; [exact PW|]. apply bits_range. lia.
  Qed.
End Entries.

Definition output_signed (c : cell) (out : Z * bool) : bool := if step c then true else snd out.

Theorem pair_sound l c out p u : pair_ok l c out p = Good u -> forall N origin known e,
  0 < leaf_width l -> Forall (wired_right N origin known e) (wiring p) ->
  leaf_step l = step c /\ leaf_out_width l = fst out /\ (step c = true -> out = (1, false)) /\
  Forall (fun t => 0 <= port t < Z.of_nat (length (bases p))
                   /\ known (origin + nth_base (bases p) (port t) + offset t)) (terms c) /\
  forall a, 0 <= a < 2 ^ leaf_width l ->
    cong (leaf_width l) a (sum_value (signs (wiring p)) e (leaf_sum l) + leaf_constant l) ->
    number (output_signed c out) (leaf_width l) a
    = bias c + weighted N (fun q => origin + nth_base (bases p) q) (terms c).
Proof.
  unfold pair_ok. intros H N origin known e WP WR. take_apart H. facts.
  assert (W : 0 <= leaf_width l) by lia.
  destruct (leaf_entries_sound N origin known e (wiring p) WR (leaf_width l) (leaf_sum l) W _ E) as [G F].
  destruct (compare_sound N origin known (leaf_width l) W _ _ _ E0) as (G2 & B & K).
  { eapply Permutation_Forall; [symmetry; apply sorted_perm|exact F]. }
  rewrite (entries_perm N origin _ _ (sorted_perm _ x)) in G2.
  rewrite (entries_perm N origin _ _ (sorted_perm _ (cell_entries _ _))) in G2, B.
  rewrite cell_entries_value in G2, B.
  split; [assumption|]. split; [assumption|]. split.
  { intros S. rewrite S in C2. facts. destruct out as [ow os]. cbn in *. destruct os; [discriminate|].
    f_equal. assumption. }
  split.
  { apply Forall_forall. intros t I. rewrite forallb_forall in C0. pose proof (C0 t I) as T. facts.
    split; [lia|].
    eapply Permutation_Forall in K; [|apply sorted_perm]. rewrite Forall_forall in K.
    unfold cell_entries in K. specialize (K _ (in_map _ _ _ I)). cbn [at_net] in K.
    rewrite <- Z.add_assoc. exact K. }
  intros a A CA. apply number_unique; [assumption|exact A| |].
  - eapply cong_trans; [exact CA|]. rewrite (Z.add_comm (bias c)). apply cong_add; [|apply cong_of_mod; assumption].
    eapply cong_trans; [exact G|exact G2].
  - unfold output_signed, in_type. unfold lowest, highest in *. destruct (if step c then true else snd out); lia.
Qed.
