#include "tests/conform/stt_sim.h"

#include <math.h>
#include <stdio.h>

#include "common/err.h"
#include "tests/conform/rig.h"
#include "tests/harness/proc.h"
#include "tests/harness/test.h"

const char *stt_sim_begin(const struct stt_sim *sim, struct stt_fixture *fx,
                          const char *fault)
{
	static int16_t speech[STT_SIM_SPEECH];
	static char base[256];
	const char *args[] = {"--key",
	                      "k",
	                      sim->option,
	                      proc_temp_file(sim->script),
	                      fault ? "--fault" : NULL,
	                      fault,
	                      NULL};
	const char *url = rig_sim(sim->program, sim->scheme, 0, args);

	for (size_t i = 0; i < STT_SIM_SPEECH; i++)
		speech[i] = (int16_t)(8000 * sin((double)i * 0.55));
	snprintf(base, sizeof(base), "%s%s", url, sim->path);
	fx->speech = speech;
	fx->n = STT_SIM_SPEECH;
	fx->good = (struct provider_cfg){.key = "k", .url = base};
	fx->bad = fx->good;
	fx->bad.key = "wrong";
	return url;
}

void stt_sim_wrong_key(const struct stt_fixture *fx)
{
	struct stt_log log;
	struct stt *stt;

	CHECK_INT(0, stt_log_open(&stt, &log, fx, &fx->bad));
	for (int i = 0; i < 200 && !log.last; i++)
		rig_run(20);
	CHECK_INT(ERR_AUTH, log.err);
	stt_close(&stt);
	rig_end();
}
