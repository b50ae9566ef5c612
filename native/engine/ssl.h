// One SSL of a library, without a socket: bytes of the peer go in, bytes for the peer come out, and every function is
// one call of OpenSSL in between. Where memory runs out a call throws std::bad_alloc, never through OpenSSL.
//
// Every call of OpenSSL begins with an empty error queue, and what it leaves there is taken out before anybody else can
// see it. While one runs, its SSL is the current one of the thread: OpenSSL's callbacks find it there, because neither
// a BIO nor a keylog line tells which library it belongs to, and because an argument of theirs could outlive us where
// somebody else in the process copies an SSL (SSL_dup). No callback leaves this file: what they learn is noted.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "native/engine/event_log.h"
#include "native/engine/session.h"
#include "native/engine/ssl_context.h"
#include "native/engine/transport.h"

namespace close_notify::engine {

class Ssl {
 public:
  using Bytes = std::span<const uint8_t>;
  using Slab = std::span<uint8_t>;

  // Null when OpenSSL refuses; why is in the context's queue.
  static std::unique_ptr<Ssl> create(std::shared_ptr<SslContext> context);

  ~Ssl();
  Ssl(const Ssl&) = delete;
  Ssl& operator=(const Ssl&) = delete;

  // Calls that can move the state machine: what OpenSSL returned. error() and queue() tell of the last of them. No
  // value where the build lacks the function.
  template <typename Function>  // of openssl::function, which takes the SSL alone
  std::optional<int> move() {
    return move(f_.*Function::kPointer);
  }
  int do_handshake() { return move<openssl::function::SSL_do_handshake>().value_or(0); }
  int read(Slab target);
  int peek(Slab target);
  int write(Bytes bytes);
  int shutdown();
  std::optional<int> shutdown_ex(uint64_t flags);
  std::optional<int> key_update(int type);
  // No value, and nothing done, once the handshake has begun, from when on OpenSSL trusts the session to be its own;
  // and for a server, which OpenSSL 1.1.1 takes to have resumed by it.
  std::optional<int> set_session(const Session& session);

  // SSL_get_error(3), taken at once after the call: but for an SSL_shutdown that gave 0 and left nothing in the queue.
  // That has not failed, says SSL_shutdown(3), and OpenSSL is asked only where somebody asks here, before another call.
  int error() const;
  // The same, and none of such an SSL_shutdown.
  int error_or_none() const { return error_.value_or(openssl::kErrorNone); }
  const std::vector<openssl::QueuedError>& queue() const { return queue_; }
  std::vector<openssl::QueuedError> take_queue();

  // SSL_free_buffers(3), and 0 where something of the peer is held: before OpenSSL 3.2 that function looks at bytes
  // that are not decrypted alone, and what is would lie in memory that it has freed. No value where the build lacks it.
  std::optional<int> free_buffers();

  // Several calls in one. `output` is filled with what waits for the peer.
  struct Pumped {
    int result;        // of the last SSL_read
    size_t plaintext;  // bytes in `plaintext`
    size_t output;     // bytes in `output`
  };
  // Feeds the bytes and calls SSL_read until it gives no more, or `plaintext` is full.
  Pumped pump(Bytes input, Slab plaintext, Slab output);
  // SSL_write, and what it wrote.
  Pumped write_and_transmit(Bytes bytes, Slab output);
  // SSL_shutdown, and what it wrote.
  Pumped shutdown_and_transmit(Slab output);

  Transport& transport() { return transport_; }
  const Transport& transport() const { return transport_; }
  EventLog& events() { return events_; }
  // Whether a client's sessions of TLS 1.3 are noted: each costs its own encoding, and a server sends two. True before.
  void tell_tickets(bool tell) { tells_tickets_ = tell; }

  // Bytes of the heap that the queues and the events hold.
  size_t memory() const { return transport_.memory() + events_.memory(); }

  // The return value of a function that only looks at the SSL; no value where the build lacks it.
  template <typename Function>
  auto ask() const {
    const auto function = f_.*Function::kPointer;
    using Answer = std::optional<decltype(function(get()))>;
    return function == nullptr ? Answer() : Answer(function(get()));
  }

  int get_shutdown() const { return f_.SSL_get_shutdown(get()); }
  // False, and nothing done, where it would clear a flag and the build asserts that nobody does.
  bool set_shutdown(int mask);
  bool quiet_shutdown() const { return f_.SSL_get_quiet_shutdown(get()) != 0; }
  void set_quiet_shutdown(bool quiet) { f_.SSL_set_quiet_shutdown(get(), quiet ? 1 : 0); }
  int pending() const { return f_.SSL_pending(get()); }
  bool in_init() const { return f_.SSL_in_init(get()) != 0; }
  int version() const { return f_.SSL_version(get()); }
  std::optional<std::string> cipher_name() const;
  std::optional<std::string> alpn_selected() const;
  std::optional<std::string> servername() const;
  std::optional<int> set_servername(const std::string& name);
  std::optional<int> set_verify_host(const std::string& name);
  // `accepts_all`: no certificate ends the handshake, and verify_result() alone tells.
  void set_verify(int mode, bool accepts_all = false) {
    f_.SSL_set_verify(get(), mode, accepts_all ? &SslContext::accept_certificate : nullptr);
  }
  long verify_result() const { return f_.SSL_get_verify_result(get()); }
  const char* verify_result_text() const { return f_.X509_verify_cert_error_string(verify_result()); }
  std::optional<std::vector<uint8_t>> peer_certificate() const;  // DER, empty where there is none
  // DER, the peer's own first: what it has sent, and what a session that was resumed has kept of that.
  std::vector<std::vector<uint8_t>> peer_chain() const;
  // DER: of what is trusted, the issuer of the last of that chain, then its issuer, up to one that has issued itself.
  std::optional<std::vector<std::vector<uint8_t>>> trusted_issuers() const;
  std::optional<std::vector<uint8_t>> certificate() const;  // DER, no value where there is none
  // No value while the handshake has not brought the keys. Empty when OpenSSL refuses; why is in queue().
  std::optional<std::vector<uint8_t>> export_keying_material(size_t length, const std::string& label,
                                                             const std::optional<Bytes>& context);
  bool session_reused() const { return f_.SSL_session_reused(get()) != 0; }
  std::shared_ptr<Session> get_session() const;

  const SslContext& context() const { return *context_; }

  // A server's handshake that stops at the ClientHello, where calls say SSL_ERROR_WANT_CLIENT_HELLO_CB, or with
  // BoringSSL SSL_ERROR_PENDING_CERTIFICATE, until it is answered.
  enum class Holding : uint8_t { kDone, kTooLate, kLacking };
  Holding hold_client_hello();
  // The bodies of two extensions as the client has sent them.
  struct ClientHello {
    std::optional<std::vector<uint8_t>> server_name;
    std::optional<std::vector<uint8_t>> alpn;
  };
  // No value before it has come, and after it was answered.
  const std::optional<ClientHello>& client_hello() const { return client_hello_; }
  // Certificate, key, trust and ALPN come from that context, which is a server's of the same library, where one is
  // given. `alpn` is the protocol that is agreed on, whatever the context says; none of the client's, so an empty one,
  // refuses it. No value, and nothing done, unless the ClientHello waits for its answer.
  std::optional<int> answer_client_hello(std::shared_ptr<SslContext> context, std::optional<std::vector<uint8_t>> alpn);

  // The callbacks of a context.
  static const openssl::BioMethod* bio_method_of(const openssl::Library& library);
  static int on_new_session(openssl::Ssl* ssl, openssl::SslSession* session);
  static void on_keylog(const openssl::Ssl* ssl, const char* line);
  // The protocols of an SSL, in the order in which they are wanted, in wire format; those of its context unless its
  // ClientHello was answered otherwise. `is_chosen`: it is one that has to be agreed on.
  static Bytes protocols_of(const openssl::Ssl* ssl, Bytes of_context, bool& is_chosen);

 private:
  class Current;

  explicit Ssl(std::shared_ptr<SslContext> context);

  enum class QueueBefore : uint8_t {
    kUnknown,  // others may have run in this thread
    kEmpty,    // nobody has since a call of ours
  };
  enum class Failure : uint8_t {
    kAtZero,
    kBelowZero,  // of SSL_shutdown, whose 0 says that the peer's close_notify has not come
  };
  template <typename Call>
  int run(Call call, QueueBefore before = QueueBefore::kUnknown, Failure failure = Failure::kAtZero);
  // As run(), for a call that begins the handshake.
  template <typename Call>
  int begin(Call call, QueueBefore before = QueueBefore::kUnknown);
  std::optional<int> move(int (*function)(openssl::Ssl*));
  // After an SSL_read that gave something: whether the next one could but ask for more.
  bool has_read_all() const;
  openssl::Ssl* get() const { return ssl_.get(); }

  static void on_message(int is_write, int version, int content_type, const void* bytes, size_t length,
                         openssl::Ssl* ssl, void* argument);
  static int on_client_hello(openssl::Ssl* ssl, int* alert, void* argument);
  static int on_select_certificate(const openssl::BoringClientHello* hello);
  enum class HelloStep : uint8_t { kGo, kWait, kFail };
  template <typename Get>
  HelloStep hello_came(Get get_extension);
  static int on_bio_read(openssl::Bio* bio, char* target, int length);
  static int on_bio_write(openssl::Bio* bio, const char* bytes, int length);
  void ask_for_retry(openssl::Bio* bio, int flags);
  void clear_retry_flags(openssl::Bio* bio);
  static long on_bio_ctrl(openssl::Bio* bio, int command, long number, void* argument);

  std::shared_ptr<SslContext> context_;
  std::shared_ptr<SslContext> chosen_;  // by the answer to the ClientHello
  const openssl::EngineFunctions& f_;
  Transport transport_;
  EventLog events_;
  std::optional<int> error_ = openssl::kErrorNone;
  bool has_retry_flags_ = false;   // the BIO has
  bool is_out_of_memory_ = false;  // a callback of the call that runs was
  bool tells_tickets_ = true;
  bool has_begun_ = false;  // a call was made that begins the handshake
  std::vector<openssl::QueuedError> queue_;
  bool holds_hello_ = false;  // stops at the ClientHello that comes
  std::optional<ClientHello> client_hello_;
  std::optional<std::vector<uint8_t>> alpn_;  // with its length before it
  // Last, so that it is freed first: it points into the others.
  Owned<openssl::Ssl> ssl_;
};

}  // namespace close_notify::engine
