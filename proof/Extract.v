(* The checker as OCaml. Numbers become Zarith's, which is trusted; so are strings, which are only complaints. *)
Require Import Extraction ExtrOcamlBasic ExtrOcamlZBigInt ExtrOcamlNativeString Spec Answer Accept Check Checker ReadRtlil ReadNetlist.
Extraction Language OCaml.
Extraction Blacklist List String Int.
Extraction "checker.ml" accept read_both check.
