/* The floor: N sockets, and for every packet one recvfrom and one sendto and nothing else, on a 20 ms clock. What a mixer
   costs above it is the mixer's own. Prints its ports as JSON; ends when stdin ends. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

enum { MOST = 4096 };

static int open_sockets(int *sockets, int count) {
  for (int k = 0; k < count; k++) {
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof own;
    sockets[k] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (sockets[k] < 0 || bind(sockets[k], (struct sockaddr *)&own, size) < 0) return -1;
    getsockname(sockets[k], (struct sockaddr *)&own, &size);
    printf("%s%d", k ? "," : "{\"ports\":[", ntohs(own.sin_port));
  }
  printf("]}\n");
  return fflush(stdout);
}

static void echo(const int *sockets, int count) {
  unsigned char bytes[2048];
  for (int k = 0; k < count; k++) {
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    ssize_t length = recvfrom(sockets[k], bytes, sizeof bytes, 0, (struct sockaddr *)&from, &size);
    if (length > 0) sendto(sockets[k], bytes, (size_t)length, 0, (struct sockaddr *)&from, size);
  }
}

int main(int argc, char **argv) {
  static int sockets[MOST];
  int count = argc > 1 ? atoi(argv[1]) : 0;
  if (count < 1 || count > MOST) return 2;
  prctl(PR_SET_TIMERSLACK, 1);
  prctl(PR_SET_PDEATHSIG, 15);
  if (open_sockets(sockets, count) != 0) return 1;
  struct timespec next;
  struct pollfd input = {.fd = 0, .events = POLLIN};
  clock_gettime(CLOCK_MONOTONIC, &next);
  while (poll(&input, 1, 0) == 0) {
    echo(sockets, count);
    next.tv_nsec += 20000000;
    if (next.tv_nsec >= 1000000000) {
      next.tv_nsec -= 1000000000;
      next.tv_sec++;
    }
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
  }
  return 0;
}
