/* A shared object that is no code of an agent. */
int plain_number(void);

int plain_number(void)
{
	return 7;
}
