"""Structural distillation, which looks at all paths at once."""

from torch import Tensor

from skd_plugin.knowledge.knowledge import KnowledgeBatch, KnowledgeRequest
from skd_plugin.losses.distillation_loss import DistillationLoss, check_temperature, needed
from skd_plugin.losses.potentials import POTENTIALS, teacher_chain
from skd_plugin.structures import LinearChain


@DistillationLoss.register("structural")
class StructuralLoss(DistillationLoss):
    """
    The exact cross-entropy of teacher and student over all paths, -sum_y p_t(y) log p_s(y) (Wang et al., ACL 2021).

    Written by the student's substructures u, tags and transitions, it is -sum_u P_t(u) s_s(u) + log Z_s: of the teacher
    it needs the posteriors and how often each transition is expected, no more. It is what Top-WK comes to as K grows,
    and its minimum is the teacher's entropy. The paper's cases differ in who the two are:

    * CRF and CRF: as it stands;
    * a CRF teacher and a softmax student: such a student has no transitions, the posteriors are all that counts;
    * a softmax teacher and a CRF student: expected transitions are products of neighbouring posteriors (of a teacher
      with constraints, those of its constrained chain; `constrained: false` gives the products);
    * a teacher that scores spans: posteriors and expected transitions of its BIO or BIOUL tags.

    # Parameters

    temperature : `float`, optional (default = `1.0`)
        T divides the potentials of both: T^2 times the cross-entropy of p_t^(1/T) and p_s^(1/T), renormalised over
        paths. The teacher's tempered posteriors are then computed from its potentials, in every step. (Marginals that
        are tempered one by one, as `posterior` can, belong to no distribution over paths.)
    from_potentials : `bool`, optional (default = whether the temperature is not 1)
        Keep the potentials of the teacher, and compute its posteriors in every step: about half the storage, more time.
        It needs one teacher a language, which scores tokens.
    weight : `float`, optional (default = `1.0`)
    """

    def __init__(
        self, temperature: float = 1.0, from_potentials: bool = False, weight: float = 1.0
    ) -> None:
        super().__init__(weight)
        self.temperature = check_temperature(temperature)
        self._from_potentials = from_potentials or temperature != 1
        self.request = KnowledgeRequest(frozenset(["posteriors", "expected_transitions"]))
        if self._from_potentials:
            self.request = POTENTIALS

    def __call__(self, student: LinearChain, knowledge: KnowledgeBatch) -> Tensor:
        if self._from_potentials:
            teacher = teacher_chain(knowledge, student.mask).tempered(self.temperature)
            student = student.tempered(self.temperature)
            marginals, transitions = teacher.marginals, teacher.expected_transitions
        else:
            log_posteriors = needed(knowledge.log_posteriors, "posteriors")
            # What was kept in half precision does not quite sum to 1: a constant in the student's scores would pay.
            marginals = log_posteriors.softmax(dim=-1) * student.mask.unsqueeze(2)
            transitions = needed(knowledge.expected_transitions, "expected_transitions")
        return -(self.temperature**2) * student.expected_log_prob(marginals, transitions)
