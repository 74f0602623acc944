(* The main theorem: a design that the checker accepts computes the netlist, for all inputs. *)
Require Import ZArith List Lia Bool Spec Answer Bytes Checker Order Check Accept Words Facts LeafProofs OrderProofs GateProofs.
Import ListNotations.
Open Scope Z_scope.

(* If the checker accepts two files, the readers make a design and a netlist of them, the design computes the netlist,
   and has a behaviour for all inputs. *)
Definition accepted_is_proved : Prop := forall rtlil net u, accept rtlil net = Good u ->
  exists d n, read_both rtlil net = Good (d, n) /\ computes d n /\ total d /\ shows_outputs d n.

Lemma check_tiled d n u : check d n = Good u ->
  tiled 0 (inputs n :: groups n) = true /\ (forall g, In g (inputs n :: groups n) -> group_shape_ok g = true).
Proof.
  unfold check. intros H. take_apart H. apply andb_true_iff in C as [T S]. split; [exact T|].
  intros g I. rewrite forallb_forall in S. exact (S g I).
Qed.

Lemma eval_value d n u e : check d n = Good u -> sat_top d e ->
  forall fuel k, is_net n k -> k <= Z.of_nat fuel -> value n e k = eval fuel n (value n e) k.
Proof.
  intros H S. destruct (check_tiled d n u H) as [T SH].
  assert (G : forall g k, In g (groups n) -> net_of g k = true -> gate_right n e (first g) k (value n e k)).
  { unfold check in H. take_apart H. apply some_good in E. rename x into top.
    destruct S as (top' & FT & TY & HO). rewrite E in FT. injection FT as <-.
    intros g k I K.
    eapply fold_good with (Inv := fun _ => True) (P := fun g => forall k, net_of g k = true ->
      gate_right n e (first g) k (value n e k)) in E1; [|intros g' s s' I' _ GO; split; [exact Logic.I|] |exact Logic.I].
    - destruct E1 as [_ F]. rewrite Forall_forall in F. exact (F g I k K).
    - destruct s, s'. eapply group_ok_sound with (top := top); eauto. intros x i. apply index_in. }
  clear H S. cbn [tiled] in T. facts.
  intros fuel. induction fuel as [|fuel IH]; intros k [g [I K]] L; cbn [eval];
    (destruct (Z.ltb_spec k (count (inputs n))) as [|GE]; [reflexivity|]);
    (destruct I as [<-|I]; [unfold net_of in K; facts; lia|]);
    destruct (tiled_lower _ _ T _ I) as [LO _].
  - unfold net_of in K. facts. lia.
  - destruct (G g k I K) as [V X]. rewrite V. apply X. intros j NJ J. apply IH; [exact NJ|].
    unfold net_of in K. facts. lia.
Qed.

Lemma check_computes d n u : check d n = Good u -> computes d n.
Proof.
  intros H e S k K. unfold meaning. eapply eval_value; [exact H|exact S|exact K|].
  destruct K as [g [I K]]. destruct (check_tiled d n u H) as [_ SH].
  destruct (shape_facts g (SH g I)) as (_ & F & _). unfold net_of in K. facts. lia.
Qed.

(* Every level of the hierarchy has a behaviour for all its inputs. *)
Lemma level_total d (child : name -> answer unit) (level : M.t (answer unit)) depth :
  (forall c u md, child c = Good u -> M.find c d = Some md ->
     widths_ok md /\ forall v, possible_inputs md v -> exists e, sat depth d c e /\ typed md e /\ inputs_as md v e) ->
  (forall c md a, M.find c d = Some md -> M.find c level = Some a -> forall u, a = Good u ->
     ordered d (M.map out_port d) child md = Good u) ->
  (forall c, M.find c d = None -> M.find c level = None) ->
  forall c u md, answer_of level c = Good u -> M.find c d = Some md ->
     widths_ok md /\ forall v, possible_inputs md v -> exists e, sat (S depth) d c e /\ typed md e /\ inputs_as md v e.
Proof.
  intros CT LV _ c u md A F. unfold answer_of in A. destruct (M.find c level) as [a|] eqn:L; [|discriminate].
  pose proof (LV c md a F L u A) as O.
  destruct (ordered_sound d child (sat depth d) md CT u O) as [W T]. split; [exact W|]. intros v P.
  destruct (T v P) as (e & TY & HO & IN). exists e. split; [|auto]. exists md. auto.
Qed.

Lemma check_total d n u : check d n = Good u -> total d.
Proof.
  unfold check. intros H. take_apart H. apply some_good in E. rename x into top. exists top. split; [exact E|].
  assert (T1 : forall c u md, answer_of (M.map (ordered d (M.map out_port d) no_child) d) c = Good u -> M.find c d = Some md ->
     widths_ok md /\ forall v, possible_inputs md v -> exists e, sat 1 d c e /\ typed md e /\ inputs_as md v e).
  { apply level_total with (child := no_child).
    - intros c w md B. discriminate.
    - intros c md a F L w ->. rewrite find_map, F in L. injection L as <-. reflexivity || assumption.
    - intros c F. rewrite find_map, F. reflexivity. }
  assert (T2 : forall c u md, answer_of (M.map (fun m => if has_instances m
       then ordered d (M.map out_port d) (answer_of (M.map (ordered d (M.map out_port d) no_child) d)) m else no_child 0) d) c
       = Good u -> M.find c d = Some md ->
     widths_ok md /\ forall v, possible_inputs md v -> exists e, sat 2 d c e /\ typed md e /\ inputs_as md v e).
  { apply level_total with (child := answer_of (M.map (ordered d (M.map out_port d) no_child) d)).
    - exact T1.
    - intros c md a F L w ->. rewrite find_map, F in L. cbn in L. injection L as L.
      destruct (has_instances md); [exact L|discriminate].
    - intros c F. rewrite find_map, F. reflexivity. }
  intros v P. destruct (ordered_sound d _ (sat 2 d) top T2 u H) as [_ T]. destruct (T v P) as (e & TY & HO & IN).
  exists e. split; [exists top; auto|exact IN].
Qed.

Lemma check_shows_outputs d n u : check d n = Good u -> shows_outputs d n.
Proof.
  unfold check. intros H. take_apart H. apply some_good in E. rename x into top. exists top. split; [exact E|].
  unfold outputs_are_ports in E0. destruct (hidden_rows n top) as [|[x k] l] eqn:R; [|discriminate E0].
  intros g r I S B. unfold hidden_rows in R.
  assert (K : forall (h : group -> list (name * Z)) l, flat_map h l = [] -> forall g, In g l -> h g = []).
  { intros h l. induction l as [|a l IH]; cbn; intros F g' J; [destruct J|].
    apply app_eq_nil in F as [F1 F2]. destruct J as [<-|J]; auto. }
  specialize (K _ _ R g I). cbn beta in K. rewrite S in K.
  destruct (M.find (row_wire g r) (wires top)) as [[w dir]|] eqn:F.
  2: { exfalso. assert (X : In (row_wire g r, first g + r * lanes g) []); [|destruct X].
       rewrite <- K. apply filter_In. split; [|cbn [fst snd]; rewrite F; reflexivity].
       unfold rows_of. apply in_map_iff. exists (Z.to_nat r). rewrite Z2Nat.id by lia. split; [reflexivity|].
       apply in_seq. lia. }
  destruct dir, (Z.eqb_spec w (fst (type g) * lanes g)) as [->|NE]; try reflexivity; exfalso;
    (assert (X : In (row_wire g r, first g + r * lanes g) []); [|destruct X]);
    rewrite <- K; apply filter_In; (split; [unfold rows_of; apply in_map_iff; exists (Z.to_nat r);
      rewrite Z2Nat.id by lia; split; [reflexivity|apply in_seq; lia]|cbn [fst snd]; rewrite F; try reflexivity]).
  apply negb_true_iff. apply Z.eqb_neq. exact NE.
Qed.

Lemma bind_pair {A B C} (a : answer (A * B)) (f : A -> B -> answer C) u :
  bind a (fun r => f (fst r) (snd r)) = Good u -> exists x y, a = Good (x, y) /\ f x y = Good u.
Proof. destruct a as [[x y]|]; cbn; [eauto|discriminate]. Qed.

(* Without this the kernel would unfold the readers first, which run for ever on a file that is a variable. *)
Strategy expand [accept].
Strategy opaque [read_both check bind].

Theorem accepted_is_proved_holds : accepted_is_proved.
Proof.
  intros rtlil net u H. unfold accept in H. apply (bind_pair (read_both rtlil net) check) in H. destruct H as (d & n & R & H). exists d, n.
  split; [exact R|]. split; [exact (check_computes d n u H)|]. split; [exact (check_total d n u H)|exact (check_shows_outputs d n u H)].
Qed.
