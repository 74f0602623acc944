(* Facts on maps, answers and folds that the proofs share. *)
Require Import ZArith List Lia Bool Spec Answer Checker.
Require FMapFacts.
Import ListNotations.
Open Scope Z_scope.

Module MF := FMapFacts.WFacts M.

Lemma find_map {A B} (f : A -> B) m k : M.find k (M.map f m) = option_map f (M.find k m).
Proof. apply MF.map_o. Qed.
Lemma find_add {A} (m : M.t A) k j a : M.find j (M.add k a m) = if k =? j then Some a else M.find j m.
Proof. destruct (Z.eqb_spec k j); [apply MF.add_eq_o | apply MF.add_neq_o]; assumption. Qed.
Lemma find_empty {A} k : M.find k (M.empty A) = None.
Proof. apply MF.empty_o. Qed.
Lemma in_elements {A} (m : M.t A) k a : In (k, a) (M.elements m) <-> M.find k m = Some a.
Proof.
  rewrite <- MF.find_mapsto_iff, MF.elements_mapsto_iff. split.
  - intros I. apply SetoidList.InA_alt. exists (k, a). split; [split; reflexivity|exact I].
  - intros I. apply SetoidList.InA_alt in I as ([k' a'] & [E1 E2] & I). cbn in *. congruence.
Qed.

Lemma bind_good {A B} (a : answer A) (f : A -> answer B) b : bind a f = Good b -> exists x, a = Good x /\ f x = Good b.
Proof. destruct a; cbn; [eauto|discriminate]. Qed.
Lemma require_good {A} c w l (r : answer A) b : require c w l r = Good b -> c = true /\ r = Good b.
Proof. unfold require. destruct c; [auto|discriminate]. Qed.
Lemma some_good {A} (o : option A) w l a : some o w l = Good a -> o = Some a.
Proof. destruct o; cbn; [congruence|discriminate]. Qed.
Lemma within_good {A} s (a : answer A) b : within s a = Good b -> a = Good b.
Proof. destruct a; cbn; [auto|discriminate]. Qed.

(* Takes an answer that is Good apart. *)
Ltac take_apart H :=
  repeat match type of H with
  | bind _ _ = Good _ => let x := fresh "x" in let E := fresh "E" in apply bind_good in H as (x & E & H)
  | require _ _ _ _ = Good _ => let C := fresh "C" in apply require_good in H as [C H]
  | within _ _ = Good _ => apply within_good in H
  | Bad _ _ = Good _ => discriminate H
  end.
(* Conjunctions of tests as facts of Z. *)
Ltac facts :=
  repeat match goal with
  | H : (_ && _) = true |- _ => apply andb_true_iff in H as [? H]
  | H : (_ =? _) = true |- _ => apply Z.eqb_eq in H
  | H : (_ <=? _) = true |- _ => apply Z.leb_le in H
  | H : (_ <? _) = true |- _ => apply Z.ltb_lt in H
  | H : Bool.eqb _ _ = true |- _ => apply Bool.eqb_prop in H
  | H : some _ _ _ = Good _ |- _ => apply some_good in H
  end.

Lemma index_in key l k i : M.find k (index key l) = Some i -> In i l.
Proof.
  unfold index.
  assert (G : forall l' m, M.find k (fold_left (fun m i => match key i with Some k => M.add k i m | None => m end) l' m)
      = Some i -> In i l' \/ M.find k m = Some i).
  { induction l' as [|j l' IH]; cbn; intros m H; [auto|]. apply IH in H as [H|H]; [auto|].
    destruct (key j) as [kj|]; [|auto]. rewrite find_add in H. destruct (kj =? k); [injection H; auto|auto]. }
  intros H. apply G in H as [H|H]; [exact H|]. rewrite find_empty in H. discriminate.
Qed.

Lemma assoc_in {A} x (l : list (Z * A)) a : assoc x l = Some a -> In (x, a) l.
Proof.
  induction l as [|[y b] l IH]; cbn; [discriminate|]. destruct (Z.eqb_spec x y); intros H; [left; congruence|auto].
Qed.

(* A fold that keeps an invariant and establishes something of every element. *)
Lemma fold_good {A S} (f : A -> S -> answer S) (Inv : S -> Prop) (P : A -> Prop) l :
  (forall a s s', In a l -> Inv s -> f a s = Good s' -> Inv s' /\ P a) ->
  forall s s', Inv s -> fold_answer f l s = Good s' -> Inv s' /\ Forall P l.
Proof.
  induction l as [|a l IH]; cbn; intros F s s' I H; [injection H as <-; auto|].
  take_apart H. destruct (F a s x) as [I' Pa]; auto.
  destruct (IH (fun b t t' IB => F b t t' (or_intror IB)) x s' I' H). auto.
Qed.
