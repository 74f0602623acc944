(* Further complaints after the first: one refused gate of every row that is refused, for reports. The main theorem
   says nothing of it. *)
Require Import ZArith String List Bool Spec Answer Bytes Checker Order Check Accept.
Import ListNotations.
Open Scope Z_scope.

Section Rows.
  Variables (judge : Z -> memo -> answer memo). (* of a row *)

  (* The complaints of these rows, `room` at most, the last first. *)
  Fixpoint complaints_of (room : nat) (rows : list Z) (known : memo) (found : list (answer memo)) : list (answer memo) :=
    match room, rows with
    | O, _ | _, [] => found
    | S room', row :: rows =>
        match judge row known with
        | Good known => complaints_of room rows known found
        | Wrong p w a => complaints_of room' rows known (Wrong p w a :: found)
        end
    end.
End Rows.

(* At most `room` complaints about gates, in the order of the gates. *)
Definition complaints (room : nat) (rtlil net : file) : list (answer memo) :=
  match read_both rtlil net with
  | Wrong _ _ _ => []
  | Good (d, n) =>
      match M.find top_name d with
      | None => []
      | Some top =>
          let leaves := M.map summarise d in
          let lanes_of := M.map row_lanes d in
          let drivers := index (row_key (M.map out_port d)) (items top) in
          let rows := row_table n in
          rev (fold_left (fun found g =>
            if group_shape_ok g then
              complaints_of (row_ok leaves n d lanes_of drivers rows g) (room - List.length found)
                (map Z.of_nat (seq 0 (Z.to_nat (count g / lanes g)))) (M.empty (list placing)) found
            else found) (groups n) [])
      end
  end.
