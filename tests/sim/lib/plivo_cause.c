#define _GNU_SOURCE
#include <stdio.h>
#include <time.h>

#include "tests/sim/lib/plivo_call.h"

const char *psim_cause_name(int cause)
{
	static const struct {
		int code;
		const char *name;
	} known[] = {
		{0, "Unknown"},
		{1000, "Canceled"},
		{1010, "Canceled (Out Of Credits)"},
		{1020, "Canceled (Simultaneous dial limit reached)"},
		{2000, "Invalid Destination Address"},
		{2010, "Destination Out Of Service"},
		{2020, "Endpoint Not Registered"},
		{2030, "Destination Country Barred"},
		{2040, "Destination Number Barred"},
		{2050, "Destination Prefix Barred"},
		{2060, "Loop Detected"},
		{2070, "Violates Media Anchoring"},
		{3000, "No Answer"},
		{3010, "Busy Line"},
		{3020, "Rejected"},
		{3030, "Unknown Caller ID"},
		{3040, "Forbidden"},
		{3050, "Unallocated number"},
		{3070, "Request timeout"},
		{3080, "Internal server error from carrier"},
		{3090, "Network congestion from carrier"},
		{3100, "Busy everywhere"},
		{3110, "Declined"},
		{3120, "User does not exist anywhere"},
		{3130, "Spam block"},
		{3140, "DNO Caller ID"},
		{4000, "Normal Hangup"},
		{4010, "End Of XML Instructions"},
		{5000, "Network Error"},
		{5010, "Internal Error"},
		{5020, "Routing Error"},
		{5030, "Concurrency Limit Breached"},
		{6000, "Scheduled Hangup"},
		{6010, "Ring Timeout Reached"},
		{6020, "Media Timeout"},
		{7011, "Error Reaching Answer URL"},
		{7012, "Error Reaching Action URL"},
		{7013, "Error Reaching Transfer URL"},
		{7014, "Error Reaching Redirect URL"},
		{8011, "Invalid Answer XML"},
		{8012, "Invalid Action XML"},
		{8013, "Invalid Transfer XML"},
		{8014, "Invalid Redirect XML"},
		{9100, "Machine Detected"},
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (known[i].code == cause)
			return known[i].name;
	return "Unknown";
}

const char *psim_time(char out[PSIM_TIME_MAX], double at, bool fraction)
{
	const time_t sec = (time_t)at;
	struct tm tm;
	size_t n;

	gmtime_r(&sec, &tm);
	n = strftime(out, PSIM_TIME_MAX, "%Y-%m-%d %H:%M:%S", &tm);
	if (fraction)
		(void)snprintf(out + n, PSIM_TIME_MAX - n, ".%06d",
		               (int)((at - (double)sec) * 1e6) % 1000000);
	return out;
}
