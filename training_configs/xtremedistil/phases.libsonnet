// The strategies of XtremeDistil's table 3, and two more, as lists of phases.
local settings = import '../lib/settings.libsonnet';

// Weights by the layer that they are of, from the head down.
local layers = ['^tag_projection_layer|^crf', '^_feedforward', '^encoder', '^text_field_embedder'];
local names = ['head', 'projection', 'encoder', 'embeddings'];
local updates_per_epoch = 100;

local hidden(task) = { type: 'hidden', teacher_dim: task.transformer_dim, activation: 'linear' };
local logits = { type: 'logits' };
local half = { type: 'constant', weight: 0.5 };

// length: of lengths below; epochs: how many
local phase(name, length, epochs, more) = {
  name: name,
  updates_per_epoch: updates_per_epoch,
  trainer: {
    num_epochs: epochs,
    optimizer: { type: 'fused_adam', lr: 0.003 },
    grad_norm: 5.0,
    validation_metric: '+macro_f1',
  } + length.trainer,
} + more;

local labels = { data: 'labeled', trainer+: { optimizer+: { lr: 0.001 } } };
local representation(task, length, share) = phase('representation', length, length.epochs(share), {
  data: 'unlabeled',
  losses: [hidden(task)],
  trainer+: { validation_metric: '-distillation_loss', learning_rate_scheduler+: length.of_a_loss },
});

// One layer after another is trained too, from the head down; most of the time with all.
local gradually(name, length, share, more) =
  local first = length.epochs(share * 0.1);
  local epochs = [first, first, first, length.rest(share, 3 * first)];
  [
    phase(name + '_' + names[last], length, epochs[last], more { parameters: layers[:last + 1] })
    for last in [0, 1, 2, 3]
  ];

{
  // How long phases are. `equal`: as many epochs of 100 updates for every strategy, divided by the shares of its phases, the
  // learning rate falling to 0 in each. `until_no_better`: each phase goes on until its metric has not got better for a while.
  equal(epochs): {
    local total = settings.epochs(epochs),
    epochs(share): std.max(1, std.floor(total * share + 0.5)),
    rest(share, taken): std.max(1, self.epochs(share) - taken),
    trainer: { learning_rate_scheduler: { type: 'polynomial_decay' } },
    of_a_loss: {},
  },
  until_no_better(patience=4, most=60): {
    epochs(share): settings.epochs(most),
    rest(share, taken): settings.epochs(most),
    trainer: { patience: patience, learning_rate_scheduler: { type: 'reduce_on_plateau', factor: 0.5, patience: 1, mode: 'max' } },
    of_a_loss: { mode: 'min' },
  },

  // Of the same length, by a cosine with restarts in each phase, as the paper has it: after 1, 3, 7, ... epochs.
  with_restarts(length): length {
    trainer+: { learning_rate_scheduler: { type: 'cosine', t_initial: 1, t_mul: 2, eta_min: 1e-5 } },
    of_a_loss: {},
  },

  strategies(task, length):
    local whole(name, share, more) = phase(name, length, length.epochs(share), more);
    local joint(losses, share) = whole('joint', share, { losses: losses, schedule: half });
    local first = representation(task, length, 0.3);
    local on_text = { data: 'unlabeled', losses: [logits] };
    local last = whole('labels', 0.2, labels);
    {
      d0_s: [whole('labels', 1, labels)],
      d1: [joint([logits], 1)],
      d2: [joint([logits, hidden(task)], 1)],
      d3_1: [first, joint([logits], 0.7)],
      d3_2: [first] + gradually('joint', length, 0.7, { losses: [logits], schedule: half }),
      d4_1: [first, whole('logits', 0.5, on_text), last],
      d4_2: [first] + gradually('logits', length, 0.5, on_text) + gradually('labels', length, 0.2, labels),
      logits_then_labels: [whole('logits', 0.8, on_text), last],
      joint_then_labels: [joint([logits], 0.8), last],
      // Our own: what the teacher holds probable in place of its logits; for a student with a CRF, by the structural loss.
      posterior_then_labels: [whole('posterior', 0.8, { data: 'unlabeled', losses: [{ type: 'posterior' }] }), last],
      structural_then_labels: [whole('structural', 0.8, { data: 'unlabeled', losses: [{ type: 'structural' }] }), last],
    },
}
