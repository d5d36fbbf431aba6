/* The smallest threaded FastCGI program: what the bench compares everything with. echo SOCKET THREADS */
#include <fcgiapp.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

static int listener;

static void *
serve(void *unused)
{
	FCGX_Request request;
	char body[4096];

	(void)unused;
	FCGX_InitRequest(&request, listener, 0);
	while (FCGX_Accept_r(&request) == 0) {
		while (FCGX_GetStr(body, sizeof body, request.in) > 0)
			; /* the body is read, as every handler reads it */
		FCGX_PutS("Status: 200\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", request.out);
		FCGX_Finish_r(&request);
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	pthread_t thread;

	if (argc != 3 || FCGX_Init() != 0)
		return 64;
	listener = FCGX_OpenSocket(argv[1], 1024);
	if (listener < 0 || chmod(argv[1], 0666) != 0)
		return 69;
	for (int i = 1; i < atoi(argv[2]); i++)
		if (pthread_create(&thread, NULL, serve, NULL) != 0)
			return 71;
	serve(NULL);
	return 0;
}
