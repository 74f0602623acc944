/* exchange.h - the exchange between the processes that mpirun started (exchange.h of train/), as a shared object of its
 * own: the program loads it only where mpirun started it, and can be built and run where there is no MPI.
 */
#ifndef COFIBER_TRAIN_MPI_EXCHANGE_H
#define COFIBER_TRAIN_MPI_EXCHANGE_H

#include "train/exchange.h"

/* The names of the two functions below in the shared object. */
#define CF_MPI_OPEN "cf_mpi_open"
#define CF_MPI_CLOSE "cf_mpi_close"

/* Joins the other processes: initialises MPI, and fills the exchange. Errors: MPI's, in its words. */
__attribute__((visibility("default"))) bool cf_mpi_open(struct cf_exchange *exchange, struct cf_error *err);

/* Leaves them; where this process has failed, all others are ended. */
__attribute__((visibility("default"))) void cf_mpi_close(bool failed);

#endif
