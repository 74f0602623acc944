(* Gates, rows and groups that the checker accepts have the values that the netlist gives them. *)
Require Import ZArith List Lia Bool Spec Answer Checker Order Check Words Facts LeafProofs PairProofs OrderProofs.
Import ListNotations.
Open Scope Z_scope.

(* ---- nets and groups ---- *)

Lemma tiled_lower from l : tiled from l = true -> forall g, In g l -> from <= first g /\ 0 < count g.
Proof.
  revert from. induction l as [|h l IH]; cbn; intros from T g I; [contradiction|]. facts.
  destruct I as [->|I]; [lia|]. destruct (IH _ T _ I). lia.
Qed.
Lemma find_tiled from l g k : tiled from l = true -> In g l -> net_of g k = true -> find (fun g => net_of g k) l = Some g.
Proof.
  revert from. induction l as [|h l IH]; cbn [tiled find]; intros from T I K; [contradiction|]. facts.
  destruct I as [->|I]; [rewrite K; reflexivity|].
  destruct (tiled_lower _ _ T _ I). unfold net_of in K |- *. facts.
  destruct (Z.ltb_spec k (first h + count h)); [lia|]. rewrite andb_false_r. exact (IH _ T I ltac:(unfold net_of;
    apply andb_true_iff; split; [apply Z.leb_le|apply Z.ltb_lt]; assumption)).
Qed.

Lemma shape_facts g : group_shape_ok g = true ->
  0 < lanes g /\ 0 <= first g /\ count g = lanes g * (count g / lanes g) /\ 0 < fst (type g).
Proof.
  unfold group_shape_ok. intros H. facts. split; [assumption|]. split; [assumption|]. split; [|assumption].
  pose proof (Z.div_mod (count g) (lanes g)). lia.
Qed.

Lemma net_in_row g row lane : group_shape_ok g = true -> 0 <= row < count g / lanes g -> 0 <= lane < lanes g ->
  net_of g (first g + row * lanes g + lane) = true /\
  (first g + row * lanes g + lane - first g) / lanes g = row /\ (first g + row * lanes g + lane - first g) mod lanes g = lane.
Proof.
  intros S R L. destruct (shape_facts g S) as (P & F & C & _).
  assert (E : first g + row * lanes g + lane - first g = lane + row * lanes g) by ring. rewrite E.
  rewrite Z.div_add, Z.mod_add, Z.div_small, Z.mod_small by lia. split; [|lia].
  unfold net_of. apply andb_true_iff. rewrite Z.leb_le, Z.ltb_lt. nia.
Qed.

Section Design.
  Variables (d : design) (n : netlist).
  Hypothesis tiled_n : tiled 0 (inputs n :: groups n) = true.
  Hypothesis shapes : forall g, In g (inputs n :: groups n) -> group_shape_ok g = true.

  (* The top module's environment, and with it the values of nets. *)
  Variable e : env.
  Local Notation N := (value n e).

  Lemma value_lane g row lane : In g (inputs n :: groups n) -> 0 <= row < count g / lanes g -> 0 <= lane < lanes g ->
    N (first g + row * lanes g + lane) = lane_value g e (row_wire g row) lane.
  Proof.
    intros I R L. destruct (net_in_row g row lane (shapes g I) R L) as (K & D & M).
    unfold value. rewrite (find_tiled 0 _ _ _ tiled_n I K). unfold group_value. rewrite D, M. reflexivity.
  Qed.

  (* What a source of a row module's port says, in the environment of that module. *)
  Definition source_right (limit : Z) (inner : env) (r : name) (s : source) : Prop :=
    let '(f, (w, sgn), l) := s in
    forall j, 0 <= j < l ->
      number sgn w (bits (inner r) (w * j) w) = N (f + j) /\ is_net n (f + j) /\ 0 <= f + j < limit.

  Lemma source_of_sound f x s : source_of n f x = Good s ->
    exists g row, In g (inputs n :: groups n) /\ 0 <= row < count g / lanes g /\ f = first g + row * lanes g /\
      x = row_wire g row /\ s = (f, type g, lanes g).
  Proof.
    unfold source_of. intros H. take_apart H. facts. injection H as <-. rename x0 into g.
    apply find_some in E as [I K]. destruct (shape_facts g (shapes g I)) as (P & F & CC & _).
    exists g, ((f - first g) / lanes g). split; [exact I|].
    pose proof (Z.div_mod (f - first g) (lanes g)). unfold net_of in K. facts.
    split; [|split; [lia|split; [congruence|reflexivity]]].
    split; [apply Z.div_pos; lia|]. apply Z.div_lt_upper_bound; lia.
  Qed.

  Lemma sources_of_sound row_nets limit y ps srcs inner :
    sources_of n row_nets limit y ps = Good srcs ->
    (forall p s, In (p, s) ps -> inner p = val e s) ->
    forall r s, M.find r srcs = Some s -> source_right limit inner r s.
  Proof.
    unfold sources_of. intros H C.
    eapply (fold_good _ (fun m => forall r s, M.find r m = Some s -> source_right limit inner r s) (fun _ => True) ps);
      [| |exact H]; [|intros r s F; rewrite find_empty in F; discriminate].
    clear H srcs. intros [x s] known known' I K H. destruct (x =? y); [injection H as <-; auto|].
    destruct s as [|[|rr lo b|] rest]; try discriminate H. destruct rest as [|? ?]; [|discriminate H].
    take_apart H. destruct x1 as [[f [w sgn]] l]. take_apart H. facts. injection H as <-. split; [|exact Logic.I].
    intros r s F. rewrite find_add in F. destruct (Z.eqb_spec x r) as [<-|]; [|eapply K, F]. injection F as <-.
    destruct (source_of_sound _ _ _ E0) as (g & row & Ig & R & -> & -> & S).
    assert (T : (w, sgn) = type g) by congruence. assert (LL : l = lanes g) by congruence.
    assert (FF : f = first g + row * lanes g) by congruence. subst l f. clear S.
    destruct (shape_facts g (shapes g Ig)) as (P & F0 & CC & WP). rewrite <- T in WP. cbn in WP.
    intros j J. destruct (net_in_row g row j (shapes g Ig) R J) as (NK & _ & _).
    rewrite value_lane by assumption. split; [|split; [exists g; auto|]].
    - apply C in I. rewrite I. cbn [val chunk_value width chunk_width] in *. subst lo. rewrite Z.mul_0_r, Z.add_0_r.
      rewrite bits_bits by nia. unfold lane_value. rewrite <- T. reflexivity.
    - unfold net_of in NK. facts. nia.
  Qed.

  (* ---- one gate ---- *)

  Definition leaves : M.t (answer leaf) := M.map summarise d.
  Definition known_right (out : Z * bool) (known : memo) : Prop :=
    forall k l p, M.find k known = Some l -> In p l ->
      exists lf c, M.find (of_leaf p) leaves = Some (Good lf) /\ M.find k (cells n) = Some c /\
        exists u, pair_ok lf c out p = Good u.

  Lemma list_eqb_eq {A} (f : A -> A -> bool) : (forall x y, f x y = true -> x = y) ->
    forall a b, list_eqb f a b = true -> a = b.
  Proof.
    intros F. induction a as [|x a IH]; intros [|y b] H; cbn in H; try discriminate; [reflexivity|].
    apply andb_true_iff in H as [X H]. f_equal; auto.
  Qed.
  Lemma placing_eqb_eq a b : placing_eqb a b = true -> a = b.
  Proof.
    unfold placing_eqb. intros H. facts. destruct a, b; cbn in *. f_equal; [assumption| |].
    - eapply list_eqb_eq; [|exact H]. intros x y E. unfold wired_eqb in E. facts. destruct x, y; cbn in *. congruence.
    - eapply list_eqb_eq; [|exact H0]. intros x y E. apply Z.eqb_eq, E.
  Qed.

  Lemma nth_base_list k c origin q : 0 <= q < c -> nth_base (base_list n k c origin) q = base n k q - origin.
  Proof.
    intros Q. unfold nth_base, base_list. rewrite nth_indep with (d' := base n k (Z.of_nat 0) - origin)
      by (rewrite map_length, seq_length; lia).
    change (base n k (Z.of_nat 0) - origin) with ((fun p => base n k (Z.of_nat p) - origin) 0%nat).
    rewrite map_nth, seq_nth by lia. cbn. rewrite Z2Nat.id by lia. reflexivity.
  Qed.
  Lemma base_list_length k c origin : Z.of_nat (length (base_list n k c origin)) = Z.max 0 c.
  Proof. unfold base_list. rewrite map_length, seq_length. lia. Qed.

  Lemma weighted_ext N1 N2 b1 b2 l :
    (forall t, In t l -> N1 (b1 (port t) + offset t) = N2 (b2 (port t) + offset t)) -> weighted N1 b1 l = weighted N2 b2 l.
  Proof. induction l as [|t l IH]; cbn; intros H; [reflexivity|]. rewrite IH, H by auto. reflexivity. Qed.

  (* The gate has its value, and reads nets of earlier groups alone. *)
  Definition gate_right (limit : Z) (k v : Z) : Prop :=
    v = gate_value n N k /\
    forall N', (forall j, is_net n j -> 0 <= j < limit -> N j = N' j) -> gate_value n N k = gate_value n N' k.

  Section Row.
    Variables (g : group) (rm : module) (inner : env) (srcs : M.t source).
    Hypothesis rm_holds : Forall (holds d (sat 1 d) inner) (items rm).
    Hypothesis srcs_right : forall r s, M.find r srcs = Some s -> source_right (first g) inner r s.

    Lemma wire_ports_sound origin out ps ws leaf_env : wire_ports srcs origin out ps = Good ws ->
      (forall p s, In (p, s) ps -> leaf_env p = val inner s) ->
      Forall (wired_right N origin (fun j => is_net n j /\ 0 <= j < first g) leaf_env) ws.
    Proof.
      revert ws. induction ps as [|[x s] ps IH]; cbn [wire_ports]; intros ws H C.
      - injection H as <-. constructor.
      - take_apart H. specialize (IH _ E (fun p s I => C p s (or_intror I))).
        destruct (x =? out); [injection H as <-; exact IH|].
        destruct s as [|[|r q b|] [|]]; try discriminate H. take_apart H.
        destruct x1 as [[f [w sgn]] l]. take_apart H. facts. injection H as <-. constructor; [|exact IH].
        split; [assumption|]. cbn [net_width net_signed net at_port port_bits]. intros lo L0 LM LB.
        pose proof (Z.div_mod q w). pose proof (Z.div_mod lo w).
        destruct (srcs_right _ _ E0 (q / w + lo / w)) as (V & IN & J).
        { split; [pose proof (Z.div_pos q w); pose proof (Z.div_pos lo w); lia|].
          apply Z.mul_lt_mono_pos_l with w; lia. }
        replace (origin + (f + q / w - origin + lo / w)) with (f + (q / w + lo / w)) by ring.
        split; [|auto]. rewrite <- V. f_equal. rewrite (C x _ (or_introl eq_refl)). cbn [val chunk_value chunk_width].
        rewrite Z.mul_0_r, Z.add_0_r, bits_bits by lia. f_equal. lia.
    Qed.

    Lemma gate_ok_sound items_by y k lane known known' :
      (forall j i, M.find j items_by = Some i -> In i (items rm)) ->
      known_right (type g) known ->
      gate_ok leaves n g items_by y srcs k lane known = Good known' ->
      known_right (type g) known' /\
      gate_right (first g) k (number (snd (type g)) (fst (type g)) (bits (inner y) (fst (type g) * lane) (fst (type g)))).
    Proof.
      intros IB KR H. unfold gate_ok in H. destruct (type g) as [w sgn] eqn:TG. take_apart H. facts.
      rename x into c. destruct x0 as [| |lf label ps]; try discriminate H. take_apart H. facts.
      destruct x as [l|]; [|discriminate]. cbn in E2. injection E2 as <-. destruct x1 as [|[|z lo b|] [|]]; try discriminate H.
      take_apart H. facts. subst z lo b. rename x into ws.
      set (origin := base n k 0) in *.
      set (p := {| of_leaf := lf; wiring := ws; bases := base_list n k (ports c) origin |}) in *.
      (* the placing is right, found before or now *)
      assert (PR : known_right (w, sgn) known' /\ exists u, pair_ok l c (w, sgn) p = Good u).
      { destruct (existsb _ _) eqn:EX in H.
        - injection H as <-. split; [exact KR|]. apply existsb_exists in EX as (p' & I & EQ).
          apply placing_eqb_eq in EQ. subst p'.
          destruct (M.find (cell_number n k) known) as [ps'|] eqn:FK; [|contradiction].
          destruct (KR _ _ _ FK I) as (lf' & c' & F1 & F2 & u & PO). cbn [of_leaf p] in F1.
          rewrite E1 in F1. injection F1 as <-. rewrite E in F2. injection F2 as <-. eauto.
        - take_apart H. injection H as <-.
          match goal with X : within _ (within _ _) = Good _ |- _ => do 2 apply within_good in X end.
          split; [|eauto]. intros k' l' p' F I. rewrite find_add in F.
          destruct (Z.eqb_spec (cell_number n k) k') as [<-|]; [|eapply KR; eassumption].
          injection F as <-. destruct I as [<-|I]; [exists l, c; cbn [of_leaf p]; eauto|].
          destruct (M.find (cell_number n k) known) as [ps'|] eqn:FK; [|contradiction]. eapply KR; eassumption. }
      destruct PR as [KR' [u PO]]. split; [exact KR'|].
      (* the leaf's environment *)
      unfold leaves in E1. rewrite find_map in E1. destruct (M.find lf d) as [lm|] eqn:FL; [|discriminate].
      cbn in E1. injection E1 as SL.
      apply IB in E0. pose proof (proj1 (Forall_forall _ _) rm_holds _ E0) as HI. cbn [holds] in HI.
      destruct HI as (leaf_env & (lm' & FL' & TY & HO) & CN). rewrite FL in FL'. injection FL' as <-.
      assert (CV : forall q s, In (q, s) ps -> leaf_env q = val inner s).
      { intros q s I. rewrite Forall_forall in CN. destruct (CN _ I) as (md & _ & _ & V). exact V. }
      pose proof (wire_ports_sound _ _ _ _ leaf_env E2 CV) as WR.
      destruct (summarise_sound lm leaf_env (signs ws) d _ TY HO l SL) as (WP & OP & OW & a & AR & AC & Y).
      destruct (pair_sound l c (w, sgn) p u PO N origin _ leaf_env WP WR) as (S1 & S2 & S3 & TP & V).
      specialize (V a AR AC). cbn [fst snd] in *.
      pose proof (CV _ _ (assoc_in _ _ _ E3)) as YV. cbn [val chunk_value chunk_width] in YV.
      rewrite Z.mul_0_r, Z.add_0_r in YV. rewrite <- YV.
      assert (TB : forall t, In t (terms c) -> origin + nth_base (bases p) (port t) = base n k (port t)).
      { intros t I. rewrite Forall_forall in TP. destruct (TP t I) as [[P0 P1] _]. cbn [bases p] in *.
        rewrite base_list_length in P1. rewrite nth_base_list by lia. ring. }
      assert (WB : weighted N (fun q => origin + nth_base (bases p) q) (terms c) = weighted N (base n k) (terms c)).
      { apply weighted_ext. intros t I. rewrite (TB t I). reflexivity. }
      rewrite WB in V. split.
      - unfold gate_value. rewrite E. rewrite S1 in Y. unfold output_signed in V. cbn [snd] in V.
        destruct (step c) eqn:SC.
        + rewrite Y, V. specialize (S3 eq_refl). injection S3 as -> ->. unfold number. cbn [andb]. reflexivity.
        + destruct Y as [-> WE]. rewrite <- S2, <- WE. exact V.
      - intros N' EQ. unfold gate_value. rewrite E.
        rewrite (weighted_ext N N' (base n k) (base n k)); [reflexivity|].
        intros t I. rewrite Forall_forall in TP. destruct (TP t I) as (_ & IN & J). rewrite (TB t I) in IN, J.
        apply EQ; assumption.
    Qed.
  End Row.

  (* ---- rows and groups ---- *)

  Variables (top : module) (drivers : M.t item) (row_nets : M.t Z).
  Hypothesis top_holds : Forall (holds d (sat 2 d) e) (items top).
  Hypothesis drivers_in : forall x i, M.find x drivers = Some i -> In i (items top).
  Let lanes_of := M.map row_lanes d.

  Lemma row_lanes_in m j i : M.find j (row_lanes m) = Some i -> In i (items m).
  Proof.
    unfold row_lanes. destruct (out_port m) as [[y w]|]; [apply index_in|]. rewrite find_empty. discriminate.
  Qed.

  Lemma in_of_nat_seq x c : 0 <= c -> (In x (map Z.of_nat (seq 0 (Z.to_nat c))) <-> 0 <= x < c).
  Proof.
    intros C. rewrite in_map_iff. split.
    - intros (i & <- & I). apply in_seq in I. lia.
    - intros X. exists (Z.to_nat x). split; [lia|]. apply in_seq. lia.
  Qed.

  Definition row_right (g : group) (row : Z) : Prop :=
    forall lane, 0 <= lane < lanes g ->
      gate_right (first g) (first g + row * lanes g + lane) (lane_value g e (row_wire g row) lane).

  Lemma row_ok_sound g row known known' : In g (inputs n :: groups n) -> known_right (type g) known ->
    row_ok leaves n d lanes_of drivers row_nets g row known = Good known' ->
    known_right (type g) known' /\ row_right g row.
  Proof.
    intros IG KR H. unfold row_ok in H. take_apart H. facts.
    destruct x as [| |rm label ps]; try discriminate H. take_apart H. facts. destruct x1 as [y wy]. take_apart H. facts.
    destruct x1 as [|[|z lo b|] [|]]; try discriminate H. take_apart H. facts. subst z lo b.
    rename x into md. rename x0 into ls. rename x1 into srcs.
    destruct (shape_facts g (shapes g IG)) as (P & F0 & CC & WP).
    unfold lanes_of in E1. rewrite find_map, E0 in E1. cbn in E1. injection E1 as <-.
    pose proof (proj1 (Forall_forall _ _) top_holds _ (drivers_in _ _ E)) as HI. cbn [holds] in HI.
    destruct HI as (inner & SI & CN). change (sat 2 d rm inner) with (behaves d (sat 1 d) rm inner) in SI.
    destruct SI as (md' & FM & TY & HO). rewrite E0 in FM. injection FM as <-.
    assert (CV : forall q s, In (q, s) ps -> inner q = val e s).
    { intros q s I. rewrite Forall_forall in CN. destruct (CN _ I) as (md' & _ & _ & V). exact V. }
    pose proof (sources_of_sound _ _ _ _ _ inner E4 CV) as SR.
    pose proof (CV _ _ (assoc_in _ _ _ E3)) as YV. cbn [val chunk_value chunk_width] in YV.
    rewrite Z.mul_0_r, Z.add_0_r in YV.
    eapply fold_good with (Inv := known_right (type g))
      (P := fun lane => gate_right (first g) (first g + row * lanes g + lane)
              (number (snd (type g)) (fst (type g)) (bits (inner y) (fst (type g) * lane) (fst (type g))))) in H;
      [|intros lane s s' _ I G; apply within_good in G; eapply gate_ok_sound; [exact HO|exact SR|apply row_lanes_in|exact I|exact G]|exact KR].
    destruct H as [KR' F]. split; [exact KR'|]. intros lane L. rewrite Forall_forall in F.
    specialize (F lane (proj2 (in_of_nat_seq lane (lanes g) ltac:(lia)) L)).
    assert (X : 0 <= fst (type g) * lane /\ fst (type g) * lane + fst (type g) <= fst (type g) * lanes g).
    { split; [nia|]. rewrite <- (Z.mul_1_r (fst (type g))) at 2. rewrite <- Z.mul_add_distr_l.
      apply Z.mul_le_mono_nonneg_l; lia. }
    rewrite YV in F. rewrite bits_bits in F by lia. exact F.
  Qed.

  Lemma group_ok_sound g u : In g (groups n) -> group_ok leaves n d lanes_of drivers row_nets g = Good u ->
    forall k, net_of g k = true -> gate_right (first g) k (N k).
  Proof.
    intros IG H k K. unfold group_ok in H. take_apart H.
    assert (IA : In g (inputs n :: groups n)) by (right; exact IG).
    destruct (shape_facts g C) as (P & F0 & CC & WP).
    eapply fold_good with (Inv := known_right (type g)) (P := row_right g) in E;
      [|intros row s s' _ I G; eapply row_ok_sound; [exact IA|exact I|exact G]
       |intros j l p F; rewrite find_empty in F; discriminate].
    destruct E as [_ F]. rewrite Forall_forall in F. unfold net_of in K. facts.
    pose proof (Z.div_mod (k - first g) (lanes g)) as D. pose proof (Z.mod_pos_bound (k - first g) (lanes g)) as B.
    assert (R : 0 <= (k - first g) / lanes g < count g / lanes g).
    { split; [apply Z.div_pos; lia|]. apply Z.div_lt_upper_bound; lia. }
    set (row := (k - first g) / lanes g) in *. set (lane := (k - first g) mod lanes g) in *.
    specialize (F row (proj2 (in_of_nat_seq row (count g / lanes g) ltac:(lia)) R) lane ltac:(lia)).
    replace k with (first g + row * lanes g + lane) by lia.
    rewrite value_lane by (assumption || lia). exact F.
  Qed.
End Design.
