(* The whole checker: two files in, an answer out. *)
Require Import ZArith String List Bool Spec Answer Bytes ReadRtlil ReadNetlist Checker Order Check.
Import ListNotations.
Open Scope Z_scope.

(* Reads both files. The names of wires are the plain ones if the top module has the input's first row by its
   plain name, else the numbered ones. *)
Definition read_both (rtlil net : file) : answer (design * netlist) :=
  d <- read_design rtlil ;;
  n <- read_netlist net false ;;
  top <- some (M.find top_name d) "no module" [Name top_name] ;;
  if M.mem (row_wire (inputs n) 0) (wires top) then Good (d, n)
  else n <- read_netlist net true ;; Good (d, n).

Definition accept (rtlil net : file) : answer unit :=
  r <- read_both rtlil net ;;
  check (fst r) (snd r).
