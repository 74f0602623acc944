(* The mathematics of the circuit: definitions and statements. Proofs are in GridProofs.v and AbstractProofs.v.

   A statement is a Definition of type Prop here and a Theorem of the same name with "_holds" there, so that this file can
   be read alone. *)
Require Import ZArith List Setoid Morphisms.
Import ListNotations.
Open Scope Z_scope.

(* ---- Grids: one channel of a band, as exact integers ---- *)

(* Row i, column j. Grids are unbounded; a finite one is any function that agrees with it where it is defined. *)
Definition grid := nat -> nat -> Z.

(* Layer 0: the sum of 2 x 2 values. The quarter that makes it a mean is two more fraction bits. *)
Definition pool (x : grid) : grid := fun i j =>
  x (2 * i)%nat (2 * j)%nat + x (2 * i)%nat (2 * j + 1)%nat
  + x (2 * i + 1)%nat (2 * j)%nat + x (2 * i + 1)%nat (2 * j + 1)%nat.

(* Nearest-neighbour upsampling. *)
Definition up (x : grid) : grid := fun i j => x (i / 2)%nat (j / 2)%nat.

(* Layer 1, the cofiber: x on the binary point of its pool, minus the pool upsampled. *)
Definition cofiber (x : grid) : grid := fun i j => 4 * x i j - up (pool x) i j.

Fixpoint sum_below (n : nat) (f : nat -> Z) : Z :=
  match n with O => 0 | S n => sum_below n f + f n end.
Fixpoint pools (k : nat) (x : grid) : grid := match k with O => x | S k => pool (pools k x) end.
Fixpoint ups (k : nat) (x : grid) : grid := match k with O => x | S k => ups k (up x) end.

(* Pool k of `--pools direct`: 2^k x 2^k values of the input at once. *)
Definition direct_pool (k : nat) (x : grid) : grid := fun i j =>
  sum_below (2 ^ k) (fun a => sum_below (2 ^ k) (fun b => x (2 ^ k * i + a)%nat (2 ^ k * j + b)%nat)).

Definition pool_of_up : Prop := forall x i j, pool (up x) i j = 4 * x i j.

(* The cross-term p . r: a cofiber holds nothing that the coarser grid can represent. *)
Definition pool_of_cofiber : Prop := forall x i j, pool (cofiber x) i j = 0.
Definition cofiber_of_up : Prop := forall x i j, cofiber (up x) i j = 0.

(* K bands and the last pool give the input back, exactly. *)
Definition reconstruction : Prop := forall K x i j,
  4 ^ Z.of_nat K * x i j
  = sum_below K (fun k => 4 ^ Z.of_nat (K - 1 - k) * ups k (cofiber (pools k x)) i j) + ups K (pools K x) i j.

Definition direct_is_iterated : Prop := forall k x i j, direct_pool k x i j = pools k x i j.

(* Bilinear upsampling (align_corners = false, clamped edges) of an h x w grid, times 16: 9, 3, 3 and 1 parts of the four
   nearest values. *)
Definition neighbour (n i : nat) : nat :=
  if Nat.even i then (i / 2 - 1)%nat else Nat.min (n - 1) (i / 2 + 1).
Definition up_bilinear (h w : nat) (x : grid) : grid := fun i j =>
  9 * x (i / 2)%nat (j / 2)%nat + 3 * x (neighbour h i) (j / 2)%nat
  + 3 * x (i / 2)%nat (neighbour w j) + x (neighbour h i) (neighbour w j).
Definition cofiber_bilinear (h w : nat) (x : grid) : grid := fun i j => 64 * x i j - up_bilinear h w (pool x) i j.

(* With bilinear upsampling the cross-term does not vanish: a grid of 4 x 4, whose pools are 2 x 2, shows it. *)
Definition bilinear_leaks : Prop := exists x, pool (cofiber_bilinear 2 2 x) 0%nat 0%nat <> 0.

(* ---- Classifiers ---- *)

(* A weighted sum over channels, from channel c on. *)
Fixpoint dot (weights : list Z) (x : nat -> Z) (c : nat) : Z :=
  match weights with [] => 0 | w :: weights => w * x c + dot weights x (S c) end.

Definition features := nat -> grid. (* channel, row, column *)
Definition classify (weights : list Z) (x : features) : grid := fun i j => dot weights (fun d => x d i j) 0.

(* Classifying and then decomposing gives the same bands of sums as decomposing and then classifying. *)
Definition classify_commutes_with_pool : Prop := forall weights x i j,
  classify weights (fun d => pool (x d)) i j = pool (classify weights x) i j.
Definition classify_commutes_with_cofiber : Prop := forall weights x i j,
  classify weights (fun d => cofiber (x d)) i j = cofiber (classify weights x) i j.

(* Sums are integers, so a real threshold num/den decides as its floor does. *)
Definition exact_threshold : Prop := forall sum num den,
  0 < den -> (0 <= sum * den + num <-> 0 <= sum + num / den).

(* ---- Counts ---- *)

(* Gates of K scales over an h x w grid of D channels and N classes: pools, subtracts, classifiers. *)
Fixpoint gates (K : nat) (h w D N : Z) : Z :=
  match K with O => 0 | S K => h / 2 * (w / 2) * D + h * w * (D + N) + gates K (h / 2) (w / 2) D N end.

Definition gates_closed_form : Prop := forall K h w D N, 0 <= h -> 0 <= w ->
  3 * gates K (2 ^ Z.of_nat K * h) (2 ^ Z.of_nat K * w) D N = (4 ^ Z.of_nat K - 1) * h * w * (5 * D + 4 * N).

Definition card_total : Prop := gates 3 40 40 768 80 = 2184000.
(* Without the pools and subtracts of the last scale, which no decision of `--top residual` reads. *)
Definition card_rows : Prop := gates 3 40 40 768 80 - (5 * 5 * 768 + 10 * 10 * 768) = 2088000.

(* ---- The abstract theorem ---- *)

(* A category whose morphisms can be added, composition being bilinear. Subtraction is not assumed. Morphisms are equal in
   the sense of `same`, which for maps of grids is: at every grid, row and column. *)
Record semiadditive := {
  object : Type;
  hom : object -> object -> Type;
  same : forall {A B}, hom A B -> hom A B -> Prop;
  id : forall A, hom A A;
  comp : forall {A B C}, hom B C -> hom A B -> hom A C;
  zero : forall {A B}, hom A B;
  plus : forall {A B}, hom A B -> hom A B -> hom A B;
  same_equivalence : forall A B, Equivalence (@same A B);
  comp_same : forall A B C, Proper (same ==> same ==> same) (@comp A B C);
  plus_same : forall A B, Proper (same ==> same ==> same) (@plus A B);
  comp_assoc : forall A B C D (h : hom C D) (g : hom B C) (f : hom A B), same (comp h (comp g f)) (comp (comp h g) f);
  id_left : forall A B (f : hom A B), same (comp (id B) f) f;
  id_right : forall A B (f : hom A B), same (comp f (id A)) f;
  plus_assoc : forall A B (f g h : hom A B), same (plus f (plus g h)) (plus (plus f g) h);
  plus_comm : forall A B (f g : hom A B), same (plus f g) (plus g f);
  plus_zero : forall A B (f : hom A B), same (plus zero f) f;
  comp_plus : forall A B C (h : hom B C) (f g : hom A B), same (comp h (plus f g)) (plus (comp h f) (comp h g));
  plus_comp : forall A B C (f g : hom B C) (h : hom A B), same (comp (plus f g) h) (plus (comp f h) (comp g h));
  comp_zero : forall A B C (f : hom B C), same (comp f (@zero A B)) zero;
  zero_comp : forall A B C (f : hom A B), same (comp (@zero B C) f) zero }.
Arguments same {_ _ _}. Arguments id {_}. Arguments comp {_ _ _ _}. Arguments zero {_ _ _}. Arguments plus {_ _ _}.
Infix "==" := same (at level 70).

Definition cancellative (K : semiadditive) : Prop :=
  forall A B (f g h : hom K A B), plus f h == plus g h -> f == g.

Fixpoint times (n : nat) {K : semiadditive} {A B} (f : hom K A B) : hom K A B :=
  match n with O => zero | S n => plus f (times n f) end.

(* X is the fine grid and C the coarse one; p pools, u upsamples, and r is the remainder. In exact integers the circuit has n = 4
   (pool_of_up, cofiber); with fractions n = 1 and u is a section of p. *)
Record decomposition (K : semiadditive) (X C : object K) (n : nat) := {
  p : hom K X C;
  u : hom K C X;
  r : hom K X X;
  split : comp p u == times n (id C);
  whole : plus r (comp u p) == times n (id X) }.
Arguments p {_ _ _ _}. Arguments u {_ _ _ _}. Arguments r {_ _ _ _}.

(* In every category with cancellation, and so in every additive category, the bands do not see each other. *)
Definition bands_are_disjoint : Prop := forall K X C n (d : decomposition K X C n), cancellative K ->
  comp (p d) (r d) == zero /\ comp (r d) (u d) == zero.

(* A morphism that commutes with pooling and upsampling is block diagonal: both cross-terms vanish. *)
Definition block_diagonal : Prop := forall K X C n (d : decomposition K X C n) (T : hom K X X) (Tc : hom K C C),
  cancellative K -> comp T (u d) == comp (u d) Tc -> comp (p d) T == comp Tc (p d) ->
  comp (p d) (comp T (r d)) == zero /\ comp (r d) (comp T (u d)) == zero.

(* n times any morphism L out of X is L of the remainder plus L of the upsampled pool. *)
Definition classifier_splits : Prop := forall K X C n (d : decomposition K X C n) Y (L : hom K X Y),
  times n L == plus (comp L (r d)) (comp (comp L (u d)) (p d)).

(* Negatives (or at least cancellation) are needed: there is a semi-additive category with a decomposition, n = 1, in
   which p . r is not zero. It has one object, and the Booleans with "or" and "and": p = u = r = 1. *)
Definition cancellation_is_needed : Prop :=
  exists (K : semiadditive) (X C : object K) (d : decomposition K X C 1), ~ comp (p d) (r d) == zero.

(* The circuit is an instance with n = 4: in a cancellative category whose morphisms between grids are additive maps, pool is
   p, up is u and cofiber is r. *)
Definition circuit_is_an_instance : Prop :=
  exists (K : semiadditive) (G : object K) (apply : hom K G G -> grid -> grid) (d : decomposition K G G 4),
    cancellative K /\
    (forall f g, f == g <-> forall x i j, apply f x i j = apply g x i j) /\
    (forall f g x, apply (comp f g) x = apply f (apply g x)) /\
    (forall f g x i j, apply (plus f g) x i j = apply f x i j + apply g x i j) /\
    apply (p d) = pool /\ apply (u d) = up /\ apply (r d) = cofiber.
