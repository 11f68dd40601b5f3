#include "bot/engine/flite_voice.h"

#include <flite/flite.h>
#include <pthread.h>

#include "common/err.h"

/* The library's package has no header for its voices. */
cst_voice *register_cmu_us_rms(const char *dir);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static cst_voice *voice;

struct speaking {
	flite_sink_h *sinkh;
	void *arg;
	int err;
};

void flite_enter(void)
{
	static int started;

	pthread_mutex_lock(&lock);
	if (!started) {
		flite_init();
		started = 1;
	}
}

void flite_leave(void)
{
	pthread_mutex_unlock(&lock);
}

static int stream(const cst_wave *w, int start, int size, int last,
                  cst_audio_streaming_info *info)
{
	struct speaking *sp = info->userdata;

	(void)last;
	if (!sp->err && size > 0)
		sp->err = sp->sinkh(w->samples + start, (size_t)size, sp->arg);
	return sp->err ? CST_AUDIO_STREAM_STOP : CST_AUDIO_STREAM_CONT;
}

int flite_speak(const char *text, flite_sink_h *sinkh, void *arg)
{
	struct speaking sp = {sinkh, arg, 0};
	cst_audio_streaming_info *info;
	cst_wave *w = NULL;

	flite_enter();
	if (!voice)
		voice = register_cmu_us_rms(NULL);
	info = voice ? new_audio_streaming_info() : NULL;
	if (info) {
		info->asc = stream;
		info->userdata = &sp;
		/* The voice owns it from here and frees the one before. */
		feat_set(voice->features, "streaming_info",
		         audio_streaming_info_val(info));
		w = flite_text_to_wave(text, voice);
		feat_remove(voice->features, "streaming_info");
	}
	flite_leave();
	if (!w)
		return sp.err ? sp.err : ERR_PROVIDER;
	delete_wave(w);
	return sp.err;
}
