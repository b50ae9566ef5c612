// The addon's engine as C++ has it.
#include <fstream>
#include <iterator>

#include "benchmarks/study/overhead/engine/native/loop.h"
#include "native/engine/ssl.h"

namespace close_notify::bench {
namespace {

using openssl::Library;

constexpr int kTls13 = 0x0304;

Bytes content(const char* file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

class Engine {
 public:
  class Object {
   public:
    explicit Object(std::unique_ptr<engine::Ssl> ssl) : ssl_(std::move(ssl)) {}

    size_t shutdown_and_take(std::span<uint8_t> slab) {
      const auto done = ssl_->shutdown_and_transmit(slab);
      demand(done.result == 0, "SSL_shutdown");
      return done.output;
    }
    void reopen() { ssl_->set_shutdown(0); }
    void forget_events() { ssl_->events().take(); }

    bool handshake() { return ssl_->do_handshake() == 1; }
    void write(std::span<const uint8_t> bytes) { demand(ssl_->write(bytes) > 0, "SSL_write"); }
    void feed(std::span<const uint8_t> bytes) { ssl_->transport().feed(bytes); }
    size_t take(std::span<uint8_t> slab) { return ssl_->transport().take(slab); }
    size_t decrypt(std::span<const uint8_t> chunk, std::span<uint8_t> plaintext, std::span<uint8_t> output) {
      return ssl_->pump(chunk, plaintext, output).plaintext;
    }

   private:
    std::unique_ptr<engine::Ssl> ssl_;
  };

  Engine(const char* certificate, const char* key) {
    const auto* library = std::get_if<const Library*>(&Library::of_process());
    demand(library != nullptr, "Library::of_process");
    server_ = engine::SslContext::create(**library, true);
    client_ = engine::SslContext::create(**library, false);
    demand(server_->use_certificate_chain(content(certificate)) == 1, "the certificate");
    demand(server_->use_private_key(content(key), std::nullopt) == 1, "the key");
    demand(server_->set_ciphersuites(kCiphersuite) == 1, "the ciphersuite");
    demand(server_->set_min_proto_version(kTls13) == 1, "the version");
    server_->set_num_tickets(0);
  }

  Object make(bool is_server) const { return Object(engine::Ssl::create(is_server ? server_ : client_)); }

 private:
  std::shared_ptr<engine::SslContext> server_;
  std::shared_ptr<engine::SslContext> client_;
};

}  // namespace

int measure_engine(const Words& words) { return measure<Engine>(words); }

}  // namespace close_notify::bench
