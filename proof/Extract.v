(* The checker as OCaml. Numbers become Zarith's, which is trusted; so are strings, which are only complaints. *)
Require Import Extraction ExtrOcamlBasic ExtrOcamlZBigInt ExtrOcamlNativeString Spec Answer Accept Diagnose Check Checker ReadRtlil ReadNetlist.
Extraction Language OCaml.
Extraction Blacklist List String Int.
Extraction "checker.ml" accept complaints read_both check.
