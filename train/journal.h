/* journal.h - how a run went: a log in JSON lines, and the losses as a picture.
 *
 * Both say what the steps were like and nothing of the time they took, so that they are the same bytes whenever and on
 * however many processors the run was made, and however often it was interrupted.
 */
#ifndef COFIBER_TRAIN_JOURNAL_H
#define COFIBER_TRAIN_JOURNAL_H

#include "train/trainer.h"

struct cf_journal; /* a log that is being written */

/* Begins the log with the steps that are finished already; what the file held before is replaced. */
bool cf_journal_open(struct cf_journal **journal, const char *path, const struct cf_trainer *trainer,
                     struct cf_error *err);

/* Adds the line of the last step, which reaches the file at once: {"step", "epoch", both from 1, "loss",
 * "classification", "boxes", "centerness", "positives", "rate", "norm"}. */
bool cf_journal_add(struct cf_journal *journal, const struct cf_trainer *trainer, struct cf_error *err);
bool cf_journal_close(struct cf_journal **journal, struct cf_error *err); /* `*journal` NULL is fine */

/* Draws the losses over the steps as a PNG file, on a logarithmic axis; where there are many steps, means of some. */
bool cf_loss_plot(const char *path, const struct cf_trainer *trainer, struct cf_error *err);

#endif
