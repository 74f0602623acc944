# The Coq development of proof/, built into $(BUILD)/proof. `make proof` builds it, prints what every theorem rests on and
# checks the compiled files once more with coqchk.

PROOF := $(BUILD)/proof
PROOF_VO := $(patsubst proof/%.v,$(PROOF)/%.vo,$(wildcard proof/*.v))
COQC = coqc -q -noglob -R $(PROOF) Cofiber

$(PROOF)/%.vo: proof/%.v
	@mkdir -p $(@D)
	$(COQC) -o $@ $< >$(PROOF)/$*.out || { cat $(PROOF)/$*.out; rm -f $@; exit 1; }

# Who requires whom. Coq's own coqdep would need the sources beside the compiled files.
$(PROOF)/GridProofs.vo $(PROOF)/AbstractProofs.vo: $(PROOF)/Mathematics.vo
$(PROOF)/Audit.vo: $(filter-out $(PROOF)/Audit.vo,$(PROOF_VO))

.PHONY: proof
proof: $(PROOF_VO)
	proof/audit.sh $(PROOF)
