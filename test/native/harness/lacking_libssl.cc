// A library that has what a libssl is known by, and nothing else of it.
extern "C" {

const char* OpenSSL_version(int) { return "OpenSSL of nowhere"; }
int SSL_shutdown(void*) { return 0; }

}  // extern "C"
