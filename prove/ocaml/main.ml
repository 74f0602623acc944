(* The verified checker as a program: cofiber-checker DESIGN.il NET

   Reads the two files, asks Checker (extracted from proof/) and prints one line: "proved", or "refused: " with what is
   wrong and where. Further lines, "gate K: " and the like, name one refused gate of each of the first refused rows.
   Ends with status 0 in either case. Everything here is trusted as far as it hands out the files' bytes and passes the answer on. *)

(* Byte k of a file's content; -1 behind its end. *)
let accessor path =
  let channel = open_in_bin path in
  let size = in_channel_length channel in
  let content = really_input_string channel size in
  close_in channel;
  let bytes = Array.init 256 Big_int_Z.big_int_of_int and none = Big_int_Z.big_int_of_int (-1) in
  fun k ->
    if Big_int_Z.is_int_big_int k then
      let k = Big_int_Z.int_of_big_int k in
      if k >= 0 && k < size then Array.unsafe_get bytes (Char.code (String.unsafe_get content k)) else none
    else none

(* A name's bytes: the digits of the number to the base 256, behind a leading 1. *)
let text_of_name x =
  let rec go x l =
    if Big_int_Z.le_big_int x Big_int_Z.unit_big_int then l
    else
      let q, r = Big_int_Z.quomod_big_int x (Big_int_Z.big_int_of_int 256) in
      go q (String.make 1 (Char.chr (Big_int_Z.int_of_big_int r)) :: l)
  in
  String.concat "" (go x [])

let text_of_subject = function
  | Checker.Name x -> text_of_name x
  | Checker.Number z -> Big_int_Z.string_of_big_int z
  | Checker.Gate _ -> ""

let text_of_complaint place words about =
  let spaced l = String.concat " " (List.filter (( <> ) "") (List.map text_of_subject l)) in
  spaced place ^ (if place = [] then "" else ": ") ^ words ^ " " ^ spaced about

let rec nat_of_int n = if n = 0 then Checker.O else Checker.S (nat_of_int (n - 1))
let gates = nat_of_int 20 (* how many of the refused ones are named *)

let print_gate = function
  | Checker.Good _ -> ()
  | Checker.Wrong (place, words, about) ->
      List.iter
        (function
          | Checker.Gate k ->
              print_endline ("gate " ^ Big_int_Z.string_of_big_int k ^ ": " ^ text_of_complaint place words about)
          | _ -> ())
        place

let () =
  match Sys.argv with
  | [| _; design; net |] -> (
      match Checker.accept (accessor design) (accessor net) with
      | Checker.Good _ -> print_endline "proved"
      | Checker.Wrong (place, words, about) ->
          print_endline ("refused: " ^ text_of_complaint place words about);
          List.iter print_gate (Checker.complaints gates (accessor design) (accessor net)))
  | _ ->
      prerr_endline "usage: cofiber-checker DESIGN.il NET";
      exit 2
