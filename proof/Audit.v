(* What every theorem rests on. proof/audit.sh reads this file's output and refuses anything but "Closed under the global
   context". *)
Require Import Mathematics GridProofs AbstractProofs MainTheorem.
Print Assumptions accepted_is_proved_holds.
Print Assumptions pool_of_up_holds.
Print Assumptions pool_of_cofiber_holds.
Print Assumptions cofiber_of_up_holds.
Print Assumptions reconstruction_holds.
Print Assumptions direct_is_iterated_holds.
Print Assumptions bilinear_leaks_holds.
Print Assumptions classify_commutes_with_pool_holds.
Print Assumptions classify_commutes_with_cofiber_holds.
Print Assumptions exact_threshold_holds.
Print Assumptions gates_closed_form_holds.
Print Assumptions card_total_holds.
Print Assumptions card_rows_holds.
Print Assumptions bands_are_disjoint_holds.
Print Assumptions block_diagonal_holds.
Print Assumptions classifier_splits_holds.
Print Assumptions cancellation_is_needed_holds.
Print Assumptions circuit_is_an_instance_holds.
