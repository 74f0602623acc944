# The Coq development of proof/, built into $(BUILD)/proof. `make proof` builds it, prints what every theorem rests on and
# checks the compiled files once more with coqchk.

PROOF := $(BUILD)/proof
PROOF_VO := $(patsubst proof/%.v,$(PROOF)/%.vo,$(filter-out proof/Extract.v,$(wildcard proof/*.v)))
COQC = coqc -q -noglob -R $(PROOF) Cofiber

$(PROOF)/%.vo: proof/%.v
	@mkdir -p $(@D)
	$(COQC) -o $@ $< >$(PROOF)/$*.out || { cat $(PROOF)/$*.out; rm -f $@; exit 1; }

# The checker as a program. Coq writes checker.ml into the folder where it runs.
CHECKER := $(if $(and $(shell command -v coqc),$(shell command -v ocamlopt),$(shell ocamlc -where 2>/dev/null)),$(BUILD)/cofiber-checker)
ZARITH = $(firstword $(wildcard $(shell ocamlc -where 2>/dev/null)/zarith) +zarith)

$(PROOF)/Extract.vo: proof/Extract.v $(PROOF)/Diagnose.vo
	cd $(PROOF) && coqc -q -noglob -R . Cofiber -o Extract.vo $(abspath proof/Extract.v)

$(BUILD)/cofiber-checker: prove/ocaml/main.ml $(PROOF)/Extract.vo
	@mkdir -p $(PROOF)/ocaml
	cp $(PROOF)/checker.ml $(PROOF)/checker.mli prove/ocaml/main.ml $(PROOF)/ocaml
	cd $(PROOF)/ocaml && ocamlopt -w -a -inline 100 -I $(ZARITH) zarith.cmxa checker.mli checker.ml main.ml \
	    -o $(abspath $@)

# Who requires whom, from the "Require" lines themselves.
$(PROOF)/depends.mk: $(wildcard proof/*.v)
	@mkdir -p $(@D)
	@coqdep -R proof Cofiber $(wildcard proof/*.v) 2>/dev/null | sed -n 's/^\([^ ]*\.vo\) .*: /\1: /p' | \
	    sed 's,proof/\([A-Za-z]*\)\.vo,$$(PROOF)/\1.vo,g' >$@
ifneq ($(CHECKER),)
-include $(PROOF)/depends.mk
endif

.PHONY: proof
proof: $(PROOF_VO) $(CHECKER)
	proof/audit.sh $(PROOF)
