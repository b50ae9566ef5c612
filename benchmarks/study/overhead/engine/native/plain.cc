// OpenSSL as a C program uses it: memory BIOs, and nothing of ours. Apart from engine.cc, whose names are macros here.
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>

#include "benchmarks/study/overhead/engine/native/loop.h"

namespace close_notify::bench {
namespace {

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

// Checked: as SSL_get_error(3) demands, with an empty error queue before a call and a look at it behind.
template <bool kChecked>
class Plain {
 public:
  class Object {
   public:
    explicit Object(SSL_CTX* context, bool is_server)
        : ssl_(SSL_new(context)), input_(BIO_new(BIO_s_mem())), output_(BIO_new(BIO_s_mem())) {
      BIO_set_mem_eof_return(input_, -1);
      SSL_set_bio(ssl_.get(), input_, output_);
      if (is_server) {
        SSL_set_accept_state(ssl_.get());
      } else {
        SSL_set_connect_state(ssl_.get());
      }
    }

    size_t shutdown_and_take(std::span<uint8_t> slab) {
      if (kChecked) ERR_clear_error();
      const int result = SSL_shutdown(ssl_.get());
      // SSL_shutdown(3) says so of a 0 that was no error.
      if (kChecked) demand(SSL_get_error(ssl_.get(), result) == SSL_ERROR_SYSCALL, "SSL_get_error");
      demand(result == 0, "SSL_shutdown");
      return taken(BIO_read(output_, slab.data(), static_cast<int>(slab.size())));
    }
    void reopen() { SSL_set_shutdown(ssl_.get(), 0); }
    void forget_events() {}

    bool handshake() { return SSL_do_handshake(ssl_.get()) == 1; }
    void write(std::span<const uint8_t> bytes) {
      demand(SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0, "SSL_write");
    }
    void feed(std::span<const uint8_t> bytes) { BIO_write(input_, bytes.data(), static_cast<int>(bytes.size())); }
    size_t take(std::span<uint8_t> slab) {
      return taken(BIO_read(output_, slab.data(), static_cast<int>(slab.size())));
    }
    // All plaintext of a chunk.
    size_t decrypt(std::span<const uint8_t> chunk, std::span<uint8_t> plaintext, std::span<uint8_t>) {
      feed(chunk);
      size_t filled = 0;
      for (;;) {
        if (kChecked) ERR_clear_error();
        const int read = SSL_read(ssl_.get(), plaintext.data() + filled, static_cast<int>(plaintext.size() - filled));
        if (read <= 0) {
          if (kChecked) demand(SSL_get_error(ssl_.get(), read) == SSL_ERROR_WANT_READ, "SSL_read");
          return filled;
        }
        filled += static_cast<size_t>(read);
      }
    }

   private:
    static size_t taken(int count) { return count < 0 ? 0 : static_cast<size_t>(count); }

    std::unique_ptr<SSL, FreeSsl> ssl_;
    BIO* input_;
    BIO* output_;
  };

  Plain(const char* certificate, const char* key)
      : server_(SSL_CTX_new(TLS_server_method())), client_(SSL_CTX_new(TLS_client_method())) {
    demand(SSL_CTX_use_certificate_chain_file(server_.get(), certificate) == 1, "the certificate");
    demand(SSL_CTX_use_PrivateKey_file(server_.get(), key, SSL_FILETYPE_PEM) == 1, "the key");
    demand(SSL_CTX_set_ciphersuites(server_.get(), kCiphersuite) == 1, "the ciphersuite");
    demand(SSL_CTX_set_min_proto_version(server_.get(), TLS1_3_VERSION) == 1, "the version");
    SSL_CTX_set_num_tickets(server_.get(), 0);
  }

  Object make(bool is_server) const { return Object((is_server ? server_ : client_).get(), is_server); }

 private:
  std::unique_ptr<SSL_CTX, FreeContext> server_;
  std::unique_ptr<SSL_CTX, FreeContext> client_;
};

}  // namespace

int measure_plain(const Words& words) { return measure<Plain<false>>(words); }
int measure_checked(const Words& words) { return measure<Plain<true>>(words); }

}  // namespace close_notify::bench
