/*
 * stt_sim.h - a recogniser whose other side is a simulator
 */
#ifndef TESTS_CONFORM_STT_SIM_H
#define TESTS_CONFORM_STT_SIM_H

#include "tests/conform/stt_laws.h"

enum { STT_SIM_SPEECH = 16000 /* [samples] of a fixture: 2 s of a tone */ };

struct stt_sim {
	const char *program;
	const char *scheme, *path; /* of the address, around the simulator's */
	const char *option;        /* that names a script's file */
	const char *script;        /* what is understood, line by line */
};

/* Start it under @fault, or without (NULL), and fill @fx; the simulator's
 * address, as for rig_no_violations(). */
const char *stt_sim_begin(const struct stt_sim *sim, struct stt_fixture *fx,
                          const char *fault);

/* That a wrong key is an error of its own. */
void stt_sim_wrong_key(const struct stt_fixture *fx);

#endif
