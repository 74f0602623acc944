(* The summary of a leaf is the function that the module computes, in every environment that satisfies the module. *)
Require Import ZArith List Lia Bool Spec Answer Checker Words Facts.
Import ListNotations.
Open Scope Z_scope.

(* The sign that an operand is read with; where it is as wide as the sum, any will do. *)
Definition sign_of (sg : name -> bool) (o : operand) : bool :=
  match ext o with Signed => true | Unsigned => false | Either => sg (from o) end.
Definition operand_value (sg : name -> bool) (e : env) (o : operand) : Z :=
  number (sign_of sg o) (size o) (bits (e (from o)) (low o) (size o)).
Fixpoint sum_value (sg : name -> bool) (e : env) (l : sum) : Z :=
  match l with [] => 0 | (o, k) :: l => k * operand_value sg e o + sum_value sg e l end.

Section Leaf.
  Variables (m : module) (e : env) (sg : name -> bool) (d : design) (child : name -> env -> Prop).
  Hypothesis typed_m : typed m e.
  Hypothesis sat_m : Forall (holds d child e) (items m).

  Lemma wire_range x w : width_of m x = Some w -> 0 <= e x < 2 ^ w.
  Proof.
    unfold width_of. destruct (M.find x (wires m)) as [[v dir]|] eqn:F; cbn; [|discriminate].
    intros H. injection H as <-. eapply typed_m, F.
  Qed.

  Definition form_value (f : form) : Z :=
    match f with Constant v => v | Wire x => e x | Operand o => operand_value sg e o end.

  Section Width.
    Variables (w : Z).
    Hypothesis w_pos : 0 < w.

    (* Copies of the top bit, and the bits below: the number that the bits stand for. *)
    Lemma sign_extension v lo n k : 0 < n -> 0 <= lo -> 0 <= k -> n + k = w ->
      cong w (bits v lo n + 2 ^ n * (bits v (lo + n - 1) 1 * (2 ^ k - 1))) (number true n (bits v lo n)).
    Proof.
      intros N L K W. pose proof (bits_range v lo n). pose proof (pow2_half n N) as E.
      assert (T : bits v (lo + n - 1) 1 = bits (bits v lo n) (n - 1) 1) by (rewrite bits_bits by lia; f_equal; lia).
      rewrite T. set (b := bits v lo n) in *. assert (B : 0 <= b < 2 ^ n) by lia.
      pose proof (pow2_pos (n - 1)) as P.
      assert (P2 : 2 ^ w = 2 ^ n * 2 ^ k) by (rewrite <- Z.pow_add_r by lia; f_equal; lia).
      unfold number, bits. cbn [andb]. change (2 ^ 1) with 2. destruct (Z.leb_spec (2 ^ (n - 1)) b).
      - replace (b / 2 ^ (n - 1)) with 1 by (apply Z.div_unique with (b - 2 ^ (n - 1)); lia).
        exists 1. rewrite P2. change (1 mod 2) with 1. ring.
      - rewrite Z.div_small by lia. exists 0. rewrite Zmod_0_l. ring.
    Qed.

    Lemma recognise_sound s f : recognise m w s = Some f -> cong w (val e s) (form_value f) /\ width s = w.
    Proof.
      unfold recognise. intros R.
      destruct s as [|[v n|x lo n|] [|[v' n'|y lo' n'|y b k] [|]]]; try discriminate.
      - destruct (Z.eqb_spec n w) as [->|]; [|discriminate]. injection R as <-. cbn. split; [|lia].
        apply cong_eq. lia.
      - destruct (Z.eqb_spec n w) as [->|]; [|discriminate]. destruct (is_input m x).
        + destruct (0 <=? lo); [|discriminate]. injection R as <-. cbn [form_value val chunk_value width chunk_width].
          split; [|lia]. unfold operand_value. cbn [from low size].
          rewrite Z.mul_0_r, Z.add_0_r. apply cong_sym, cong_number.
        + destruct (width_of m x) as [u|] eqn:U; [|discriminate]. destruct ((u =? w) && (lo =? 0)) eqn:C; [|discriminate].
          facts. subst u lo. injection R as <-. cbn. split; [|lia]. rewrite bits_whole by (apply wire_range, U).
          apply cong_eq. lia.
      - destruct (_ && _) eqn:C in R; [|discriminate]. facts. subst v'. injection R as <-.
        cbn [form_value val chunk_value width chunk_width]. split; [|lia]. unfold operand_value. cbn [from low size].
        rewrite Zmod_0_l. unfold number. cbn [sign_of ext andb]. apply cong_eq. ring.
      - destruct (_ && _) eqn:C in R; [|discriminate]. facts. subst y b. injection R as <-.
        cbn [form_value val chunk_value width chunk_width]. split; [|lia]. unfold operand_value. cbn [from low size sign_of ext].
        rewrite Z.mul_0_r, Z.add_0_r. apply sign_extension; lia.
    Qed.

    Lemma recognise_chunks s f : recognise m w s = Some f -> Forall sound_chunk s.
    Proof.
      unfold recognise, sound_chunk. intros R.
      destruct s as [|[v n|x lo n|] [|[v' n'|y lo' n'|y b k] [|]]]; try discriminate;
        (match type of R with (if ?c then _ else _) = _ => destruct c eqn:C end; [|discriminate]); facts;
        repeat constructor; cbn; lia.
    Qed.

    Fixpoint todo_value (l : list (name * Z)) : Z := match l with [] => 0 | (x, k) :: l => k * e x + todo_value l end.
    Definition state_value (st : state) : Z := let '(t, l, c) := st in todo_value t + sum_value sg e l + c.

    Lemma put_value k f st : state_value (put k f st) = state_value st + k * form_value f.
    Proof. destruct st as [[s l] c], f; cbn; ring. Qed.

    Lemma drives_sound i x : drives w i x = true -> holds d child e i ->
      match i with
      | Assign _ a => cong w (e x) (val e a) /\ width a = w
      | Cell k s a b _ =>
          cong w (e x) (result k (number s (width a) (val e a)) (number s (width b) (val e b)))
      | Inst _ _ _ => False
      end.
    Proof.
      intros D H. assert (W : 0 <= w) by lia.
      destruct i as [[|[|y lo n|] [|]] a|k s a b [|[|y lo n|] [|]]|]; try discriminate; cbn [drives] in D; facts;
        subst y lo n; cbn [holds val chunk_value width chunk_width] in H.
      - destruct H as [HW H]. split; [|lia]. rewrite <- H, bits_low, Z.mul_0_r, Z.add_0_r.
        apply cong_sym, cong_mod, W.
      - rewrite Z.mul_0_r, Z.add_0_r, bits_low in H. rewrite Z.add_0_r in H.
        eapply cong_trans; [apply cong_sym, cong_mod, W|]. rewrite H. apply cong_mod, W.
    Qed.

    Lemma expand_sound k i x st st' : drives w i x = true -> holds d child e i -> expand m w k i st = Some st' ->
      cong w (state_value st + k * e x) (state_value st').
    Proof.
      intros D H X. apply drives_sound in D; [|exact H].
      assert (G : forall v, cong w (e x) v -> forall t, t = state_value st + k * v -> cong w (state_value st + k * e x) t).
      { intros v V t ->. apply cong_add; [apply cong_refl|]. apply cong_mul; [apply cong_refl|exact V]. }
      destruct i as [y a|op s a b y|]; [| |discriminate]; cbn [expand] in X.
      - destruct (recognise m w a) as [f|] eqn:A; [|discriminate]. injection X as <-.
        apply recognise_sound in A as [A _]. apply (G (form_value f)); [|apply put_value].
        eapply cong_trans; [apply D|exact A].
      - assert (N : forall q f, recognise m w q = Some f -> cong w (number s (width q) (val e q)) (form_value f)).
        { intros q f Q. apply recognise_sound in Q as [Q ->]. eapply cong_trans; [apply cong_number|exact Q]. }
        destruct op; try discriminate;
          (destruct (recognise m w a) as [f|] eqn:A; [|discriminate]);
          (destruct (recognise m w b) as [g|] eqn:B; [|destruct f; discriminate]);
          apply N in A; apply N in B; cbn [result] in D.
        + injection X as <-. apply (G (form_value f + form_value g)).
          * eapply cong_trans; [exact D|]. apply cong_add; assumption.
          * rewrite !put_value. ring.
        + injection X as <-. apply (G (form_value f - form_value g)).
          * eapply cong_trans; [exact D|]. apply cong_sub; assumption.
          * rewrite !put_value. ring.
        + apply (G (form_value f * form_value g)).
          * eapply cong_trans; [exact D|]. apply cong_mul; assumption.
          * destruct f, g; try discriminate; injection X as <-; rewrite put_value; cbn [form_value]; ring.
    Qed.

    Variable drivers : M.t item.
    Hypothesis drivers_in : forall x i, M.find x drivers = Some i -> In i (items m).

    Lemma push_sound fuel : forall st l c, push m w drivers fuel st = Good (l, c) -> cong w (state_value st) (sum_value sg e l + c).
    Proof.
      induction fuel as [|fuel IH]; intros [[[|[x k] todo] l0] c0] l c P; cbn [push] in P; try discriminate;
        try (injection P as <- <-; apply cong_refl).
      take_apart P. facts.
      eapply cong_trans; [|apply (IH _ _ _ P)].
      eapply cong_trans; [|eapply expand_sound; [exact C|eapply Forall_forall; [exact sat_m|eapply drivers_in, E]|exact E0]].
      apply cong_eq. cbn. ring.
    Qed.

  End Width.

  Lemma comparison_sound drivers (drivers_in : forall x i, M.find x drivers = Some i -> In i (items m)) fuel :
    forall x s a b, comparison m drivers fuel x = Some (s, a, b) -> forall w, width_of m x = Some w -> 0 < w ->
    e x = result Ge (number s (width a) (val e a)) (number s (width b) (val e b)).
  Proof.
    induction fuel as [|fuel IH]; intros x s a b C w W P; cbn [comparison] in C; [discriminate|].
    destruct (M.find x drivers) as [i|] eqn:F; [|discriminate]. rewrite W in C.
    destruct (drives w i x) eqn:D; [|discriminate]. apply drivers_in in F.
    pose proof (proj1 (Forall_forall _ _) sat_m _ F) as H. pose proof (wire_range x w W) as R.
    destruct i as [[|[|y0 lo0 n0|] [|]] [|[|y lo n|] [|]]|k s' a' b' [|[|y0 lo0 n0|] [|]]|]; try discriminate;
      cbn [drives] in D; facts; subst.
    - destruct (width_of m y) as [v|] eqn:V; [|discriminate]. destruct (_ && _) eqn:E in C; [|discriminate]. facts. subst.
      destruct H as [HW H]. cbn in HW, H. rewrite !Z.add_0_r in HW.
      rewrite !Z.mul_0_r, !Z.add_0_r, !bits_whole in H by (try apply wire_range; assumption).
      rewrite H. eapply IH; eauto. lia.
    - destruct k; try discriminate. injection C as -> -> ->. cbn [holds val chunk_value width chunk_width] in H.
      rewrite Z.mul_0_r, !Z.add_0_r, bits_whole in H by exact R. rewrite H. apply Z.mod_small.
      assert (2 <= 2 ^ w) by (change 2 with (2 ^ 1) at 1; apply Z.pow_le_mono_r; lia).
      cbn [result]. destruct (_ <=? _); lia.
  Qed.

  Lemma out_port_width y w : out_port m = Some (y, w) -> M.find y (wires m) = Some (w, Output).
  Proof.
    unfold out_port. destruct (filter _ _) as [|[y' [w' dir]] [|]] eqn:F; try discriminate. intros H. injection H as -> ->.
    assert (I : In (y, (w, dir)) (filter (fun w => match snd (snd w) with Output => true | _ => false end)
                                    (M.elements (wires m)))) by (rewrite F; left; reflexivity).
    apply filter_In in I as [I D]. cbn in D. destruct dir; try discriminate. apply in_elements, I.
  Qed.

  (* The leaf's output has the value that its summary says. *)
  Definition leaf_means (l : leaf) : Prop :=
    0 < leaf_width l /\ 0 < leaf_out_width l /\
    M.find (leaf_out l) (wires m) = Some (leaf_out_width l, Output) /\
    exists a, 0 <= a < 2 ^ leaf_width l /\ cong (leaf_width l) a (sum_value sg e (leaf_sum l) + leaf_constant l) /\
      if leaf_step l then e (leaf_out l) = if 0 <=? number true (leaf_width l) a then 1 else 0
      else e (leaf_out l) = a /\ leaf_width l = leaf_out_width l.

  Theorem summarise_sound l : summarise m = Good l -> leaf_means l.
  Proof.
    unfold summarise. intros H. set (drivers := index whole_target (items m)) in *.
    assert (DI : forall x i, M.find x drivers = Some i -> In i (items m)) by (intros x i; apply index_in).
    set (fuel := S (length (items m))) in *. clearbody drivers fuel.
    take_apart H. facts. destruct x as [y wy]. pose proof (out_port_width _ _ E) as O.
    assert (OW : width_of m y = Some wy) by (unfold width_of; rewrite O; reflexivity).
    destruct (comparison m drivers fuel y) as [[[s a] b]|] eqn:CM.
    - destruct s; [|discriminate H].
      destruct b as [|[[|?|?] n| |] [|]]; try discriminate H. take_apart H. facts. subst n. destruct x0 as [sum c]. injection H as <-.
      unfold leaf_means. cbn [leaf_width leaf_out_width leaf_out leaf_sum leaf_constant leaf_step fst snd].
      split; [assumption|]. split; [assumption|]. split; [exact O|].
      assert (VA : 0 <= val e a < 2 ^ width a) by exact (val_range e a (recognise_chunks _ H0 _ _ E0)).
      apply recognise_sound in E0 as [A _]; [|assumption].
      apply push_sound in E1; [|assumption|exact DI].
      rewrite put_value in E1. cbn [state_value todo_value sum_value] in E1.
      exists (val e a mod 2 ^ width a).
      assert (W : 0 <= width a) by lia. pose proof (Z.mod_pos_bound (val e a) _ (pow2_pos _ W)) as B.
      split; [exact B|]. split.
      + eapply cong_trans; [apply cong_mod, W|]. eapply cong_trans; [exact A|].
        eapply cong_trans; [|exact E1]. apply cong_eq. ring.
      + rewrite (comparison_sound drivers DI _ _ _ _ _ CM wy OW C). cbn [result val chunk_value width chunk_width].
        rewrite (Z.mod_small (val e a)) by exact VA. rewrite Zmod_0_l, Z.mul_0_r, !Z.add_0_r.
        replace (number true (width a) 0) with 0; [reflexivity|].
        unfold number. cbn [andb]. destruct (Z.leb_spec (2 ^ (width a - 1)) 0); [|reflexivity].
        pose proof (pow2_pos (width a - 1)). lia.
    - take_apart H. facts. destruct x as [sum c]. injection H as <-.
      unfold leaf_means. cbn [leaf_width leaf_out_width leaf_out leaf_sum leaf_constant leaf_step fst snd].
      split; [assumption|]. split; [assumption|]. split; [exact O|].
      exists (e y). split; [apply wire_range, OW|]. split; [|split; reflexivity].
      apply push_sound in E0; [|assumption|exact DI]. cbn [state_value todo_value sum_value] in E0.
      eapply cong_trans; [|exact E0]. apply cong_eq. ring.
  Qed.
End Leaf.
