(* A module that `ordered` accepts has a behaviour for all its inputs. *)
Require Import ZArith List Lia Bool Permutation Spec Answer Checker Order Words Facts LeafProofs.
Import ListNotations.
Open Scope Z_scope.

Definition inputs_as (m : module) (v e : env) : Prop := forall x w, M.find x (wires m) = Some (w, Input) -> e x = v x.
Definition widths_ok (m : module) : Prop := forall x w dir, M.find x (wires m) = Some (w, dir) -> 0 <= w.

Lemma out_port_unique m y w p v : out_port m = Some (y, w) -> M.find p (wires m) = Some (v, Output) -> p = y.
Proof.
  unfold out_port. intros O F. apply in_elements in F.
  assert (I : In (p, (v, Output)) (filter (fun w => match snd (snd w) with Output => true | _ => false end)
                                     (M.elements (wires m)))) by (apply filter_In; auto).
  destruct (filter _ _) as [|[y' [w' dir]] [|]]; try discriminate. injection O as -> ->.
  destruct I as [I|[]]. congruence.
Qed.

Lemma distinct_assoc {A} (l : list (Z * A)) x a : distinct (map fst l) = true -> In (x, a) l -> assoc x l = Some a.
Proof.
  induction l as [|[y b] l IH]; cbn; [intuition|]. intros D. apply andb_true_iff in D as [N D].
  intros [I|I].
  - injection I as -> ->. rewrite Z.eqb_refl. reflexivity.
  - destruct (Z.eqb_spec x y) as [->|]; [|auto]. apply negb_true_iff in N.
    assert (existsb (Z.eqb y) (map fst l) = true); [|congruence].
    apply existsb_exists. exists y. split; [apply (in_map fst) in I; exact I|apply Z.eqb_refl].
Qed.

Section Order.
  Variables (d : design) (child : name -> answer unit) (sat_child : name -> env -> Prop) (m : module).
  Let outs := M.map out_port d.
  Hypothesis child_total : forall c u md, child c = Good u -> M.find c d = Some md ->
    widths_ok md /\ forall v, possible_inputs md v -> exists e, sat_child c e /\ typed md e /\ inputs_as md v e.

  (* e has the bits that are driven, and nothing above them. *)
  Definition inv (known : M.t Z) (e : env) : Prop := forall x, 0 <= driven known x /\ 0 <= e x < 2 ^ driven known x.
  Definition bounded (known : M.t Z) : Prop := forall x w dir, M.find x (wires m) = Some (w, dir) -> driven known x <= w.
  (* e' has the driven bits of e. *)
  Definition agrees (known : M.t Z) (e e' : env) : Prop := forall x, e' x mod 2 ^ driven known x = e x.

  Lemma agrees_self known e : inv known e -> agrees known e e.
  Proof. intros I x. apply Z.mod_small, I. Qed.

  Lemma defined_chunks known s : defined known s = true -> Forall sound_chunk s.
  Proof.
    unfold defined. rewrite forallb_forall, Forall_forall. intros D c I. specialize (D c I). unfold sound_chunk.
    destruct c; cbn; facts; lia.
  Qed.
  Lemma defined_val known e e' s : inv known e -> agrees known e e' -> defined known s = true -> val e' s = val e s.
  Proof.
    intros I A. unfold defined. induction s as [|c s IH]; cbn [forallb val]; intros D; [reflexivity|].
    apply andb_true_iff in D as [C D]. rewrite (IH D). f_equal.
    destruct c as [v n|x lo n|x lo n]; cbn [chunk_value]; [reflexivity| |]; facts; specialize (A x); rewrite <- A;
      rewrite bits_mod by lia; reflexivity.
  Qed.

  Lemma driven_add known x v y : driven (M.add x v known) y = if x =? y then v else driven known y.
  Proof. unfold driven. rewrite find_add. destruct (x =? y); reflexivity. Qed.

  Lemma write known e x n v : inv known e -> 0 <= n -> 0 <= v < 2 ^ n ->
    exists e1, inv (M.add x (driven known x + n) known) e1 /\
    forall e2, agrees (M.add x (driven known x + n) known) e1 e2 ->
      agrees known e e2 /\ bits (e2 x) (driven known x) n = v.
  Proof.
    intros I N V. set (f := driven known x).
    exists (fun y => if x =? y then e x + v * 2 ^ f else e y). split.
    - intros y. rewrite driven_add. destruct (Z.eqb_spec x y) as [<-|]; [|apply I].
      destruct (I x) as [F E]. fold f in F, E. split; [lia|]. rewrite Z.pow_add_r by lia. nia.
    - intros e2 A. destruct (I x) as [F E]. fold f in F, E.
      pose proof (A x) as X. cbv beta in X. rewrite driven_add, Z.eqb_refl in X. split.
      + intros y. pose proof (A y) as Y. cbv beta in Y. rewrite driven_add in Y.
        destruct (Z.eqb_spec x y) as [E'|]; [|exact Y]. rewrite <- E'. clear y E' Y.
        fold f. rewrite <- bits_low. replace (bits (e2 x) 0 f) with (bits (bits (e2 x) 0 (f + n)) 0 f)
          by (rewrite bits_bits by lia; reflexivity).
        rewrite (bits_low (e2 x)), X, bits_low. rewrite Z.mod_add by (pose proof (pow2_pos f); lia).
        apply Z.mod_small, E.
      + rewrite <- (bits_mod (e2 x) (f + n)) by lia. rewrite X. apply bits_add; assumption.
  Qed.

  Lemma slice_sig s x lo n : slice s = Some (x, lo, n) -> s = [Slice x lo n].
  Proof. destruct s as [|[| |] [|]]; cbn; congruence. Qed.

  Lemma out_of_some c md y : M.find c d = Some md -> out_of outs c = Some y -> exists w, out_port md = Some (y, w).
  Proof.
    unfold out_of, outs. intros F. rewrite find_map, F. cbn. destruct (out_port md) as [[y' w]|]; [|discriminate].
    intros H. injection H as <-. eauto.
  Qed.

  Lemma place_item_sound i known known' e : place_item d outs child m i known = Good known' ->
    inv known e -> bounded known ->
    bounded known' /\ exists e1, inv known' e1 /\
      forall e2, agrees known' e1 e2 -> agrees known e e2 /\ holds d sat_child e2 i.
  Proof.
    intros P I B. unfold place_item in P. take_apart P. destruct x as [[x lo] n]. take_apart P. facts.
    injection P as <-. rename x0 into w. subst lo.
    split.
    { intros y v dir F. rewrite driven_add. destruct (Z.eqb_spec x y) as [<-|]; [|eapply B, F].
      unfold width_of in E0. rewrite F in E0. cbn in E0. injection E0 as <-. lia. }
    destruct (I x) as [F _].
    destruct i as [y a|k s a b y|c label ps]; cbn [target] in E; cbn [reads] in C0.
    - apply slice_sig in E as ->. cbn [forallb] in C0. apply andb_true_iff in C0 as [D _].
      cbn [item_ok] in E1. take_apart E1. facts. cbn [width chunk_width] in C0.
      pose proof (val_range e a (defined_chunks _ _ D)) as R. rewrite <- C0, Z.add_0_r in R.
      destruct (write known e x n (val e a) I) as (e1 & I1 & W); [lia|exact R|].
      exists e1. split; [exact I1|]. intros e2 A. apply W in A as [A X]. split; [exact A|].
      cbn [holds width chunk_width val chunk_value]. split; [exact C0|].
      rewrite X, (defined_val known e e2 a I A D). ring.
    - apply slice_sig in E as ->. cbn [forallb] in C0. apply andb_true_iff in C0 as [Da C0].
      apply andb_true_iff in C0 as [Db _].
      set (r := result k (number s (width a) (val e a)) (number s (width b) (val e b)) mod 2 ^ n).
      destruct (write known e x n r I) as (e1 & I1 & W); [lia|apply Z.mod_pos_bound, pow2_pos; lia|].
      exists e1. split; [exact I1|]. intros e2 A. apply W in A as [A X]. split; [exact A|].
      cbn [holds width chunk_width val chunk_value]. rewrite Z.add_0_r, Z.mul_0_r, Z.add_0_r, X.
      unfold r. rewrite (defined_val known e e2 a I A Da), (defined_val known e e2 b I A Db). reflexivity.
    - destruct (out_of outs c) as [y|] eqn:OO; [|discriminate].
      destruct (assoc y ps) as [sy|] eqn:AY; [|discriminate]. apply slice_sig in E as ->.
      cbn [item_ok] in E1. take_apart E1. facts. rename x2 into md. rename C1 into PD. rename C2 into PO. apply within_good in E. rename H into NN.
      destruct (out_of_some c md y E2 OO) as [wy OP].
      destruct (child_total c x0 md E E2) as [WO T]. rewrite forallb_forall in PO, C0.
      assert (K : forall p s, In (p, s) ps -> exists v, M.find p (wires md) = Some (v, Input) /\ v = width s \/
                                            p = y /\ M.find p (wires md) = Some (width s, Output)).
      { intros p s H. apply PO in H. unfold port_ok in H. cbn [fst snd] in H.
        destruct (M.find p (wires md)) as [[v [| |]]|] eqn:G; try discriminate; facts; exists v; [left; auto|right].
        subst v. split; [eapply out_port_unique; eassumption|reflexivity]. }
      assert (D : forall p s, In (p, s) ps -> p <> y -> defined known s = true).
      { intros p s H N. apply C0. apply in_map_iff. exists (p, s). split; [reflexivity|]. apply filter_In.
        split; [exact H|]. cbn. destruct (Z.eqb_spec p y); [contradiction|reflexivity]. }
      pose proof (out_port_width md y wy OP) as OW.
      assert (NY : forall p v, M.find p (wires md) = Some (v, Input) -> p <> y).
      { intros p v H ->. rewrite H in OW. discriminate. }
      destruct (T (fun p => match assoc p ps with Some s => val e s | None => 0 end)) as (inner & SI & TI & II).
      { intros p v H. destruct (assoc p ps) as [s|] eqn:AP; [|pose proof (pow2_pos v (WO _ _ _ H)); lia].
        apply assoc_in in AP. destruct (K p s AP) as [v' [[H' ->]|[-> H']]].
        - rewrite H in H'. injection H' as ->. apply val_range. eapply defined_chunks, D; [exact AP|]. eapply NY, H.
        - rewrite H in H'. discriminate. }
      pose proof (assoc_in _ _ _ AY) as IY.
      destruct (K _ _ IY) as [v' [[H' _]|[_ H']]]; [exfalso; eapply NY; [exact H'|reflexivity]|].
      cbn [width chunk_width] in H'. rewrite Z.add_0_r in H'.
      destruct (write known e x n (inner y) I) as (e1 & I1 & W); [lia|eapply TI, H'|].
      exists e1. split; [exact I1|]. intros e2 A. apply W in A as [A X]. split; [exact A|].
      cbn [holds]. exists inner. split; [exact SI|]. apply Forall_forall. intros [p s] H. exists md. cbn [fst snd].
      split; [exact E2|]. unfold width_of. pose proof (distinct_assoc _ _ _ PD H) as AP.
      destruct (K p s H) as [v [[G ->]|[-> G]]]; rewrite G; (split; [reflexivity|]).
      + rewrite (II p _ G), AP. symmetry. eapply defined_val; [exact I|exact A|]. eapply D; [exact H|]. eapply NY, G.
      + rewrite AP in AY. injection AY as ->. cbn [val chunk_value chunk_width]. rewrite X. ring.
  Qed.

  Lemma fold_place l : forall known known' e, fold_answer (place_item d outs child m) l known = Good known' ->
    inv known e -> bounded known ->
    bounded known' /\ exists e1, inv known' e1 /\
      forall e2, agrees known' e1 e2 -> agrees known e e2 /\ Forall (holds d sat_child e2) l.
  Proof.
    induction l as [|i l IH]; cbn [fold_answer]; intros known known' e H I B.
    - injection H as <-. split; [exact B|]. exists e. split; [exact I|]. auto.
    - take_apart H. destruct (place_item_sound _ _ _ _ E I B) as (B1 & e1 & I1 & S1).
      destruct (IH _ _ _ H I1 B1) as (B2 & e2 & I2 & S2). split; [exact B2|]. exists e2. split; [exact I2|].
      intros e3 A. apply S2 in A as [A F]. apply S1 in A as [A G]. split; [exact A|]. constructor; assumption.
  Qed.

  Lemma schedule_in i l : In i l -> In i (schedule outs l).
  Proof.
    intros I. unfold schedule.
    match goal with |- In i (map snd (SortByRank.sort (map ?k l))) => set (key := k) end.
    assert (K : snd (key i) = i) by (unfold key; destruct (target outs i) as [[[? ?] ?]|]; reflexivity).
    rewrite <- K. apply in_map. eapply Permutation_in; [apply SortByRank.Permuted_sort|]. apply in_map, I.
  Qed.

  Theorem ordered_sound u : ordered d outs child m = Good u ->
    widths_ok m /\ forall v, possible_inputs m v ->
      exists e, typed m e /\ Forall (holds d sat_child e) (items m) /\ inputs_as m v e.
  Proof.
    unfold ordered. intros H. take_apart H.
    assert (WO : widths_ok m).
    { intros x' w dir F. rewrite forallb_forall in C. apply in_elements in F. apply C in F. cbn in F. facts. exact F. }
    split; [exact WO|]. intros v PI.
    assert (AF : forall y, driven (at_first m) y = match M.find y (wires m) with Some (w, Input) => w | _ => 0 end).
    { intros y. unfold driven, at_first. rewrite find_map. destruct (M.find y (wires m)) as [[w [| |]]|]; reflexivity. }
    destruct (fold_place _ _ _ (fun y => match M.find y (wires m) with Some (w, Input) => v y | _ => 0 end) E)
      as (B & e & I & S).
    - intros y. rewrite AF. destruct (M.find y (wires m)) as [[w [| |]]|] eqn:F; cbn; try lia.
      split; [eapply WO, F|]. eapply PI, F.
    - intros y w dir F. rewrite AF, F. pose proof (WO _ _ _ F). destruct dir; lia.
    - destruct (S e (agrees_self _ _ I)) as [A F]. exists e.
      assert (TE : typed m e).
      { intros y w dir G. pose proof (B _ _ _ G). destruct (I y) as [N R].
        pose proof (Z.pow_le_mono_r 2 (driven x y) w). lia. }
      split; [exact TE|]. split.
      + apply Forall_forall. intros i K. eapply Forall_forall; [exact F|]. apply schedule_in, K.
      + intros y w G. specialize (A y). rewrite AF, G in A. rewrite Z.mod_small in A; [exact A|]. eapply TE, G.
  Qed.
End Order.
