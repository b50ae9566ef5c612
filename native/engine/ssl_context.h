// An SSL_CTX of a library. Each function is one call of OpenSSL and gives what that returned; what it left in the error
// queue is for take_queue(). A call that the build lacks gives no value.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "native/engine/owned.h"
#include "native/openssl/library.h"

namespace close_notify::engine {

class SslContext {
 public:
  using Bytes = std::span<const uint8_t>;

  // Null when OpenSSL refuses; why is in its error queue.
  static std::shared_ptr<SslContext> create(const openssl::Library& library, bool is_server);

  ~SslContext();
  SslContext(const SslContext&) = delete;
  SslContext& operator=(const SslContext&) = delete;

  // The first certificate of the PEM is the leaf, the others are its chain.
  int use_certificate_chain(Bytes pem);
  int use_private_key(Bytes pem, const std::optional<std::string>& passphrase);
  int check_private_key();
  // Every certificate of the PEM is trusted.
  int add_trusted(Bytes pem);
  int set_default_verify_paths();
  // As of Ssl.
  void set_verify(int mode, bool accepts_all = false);
  static int accept_certificate(int, openssl::X509StoreCtx*) { return 1; }
  std::optional<int> set_min_proto_version(int version);
  std::optional<int> set_max_proto_version(int version);
  int set_cipher_list(const std::string& list);
  std::optional<int> set_ciphersuites(const std::string& list);
  std::optional<int> set_groups_list(const std::string& list);
  // In wire format. On a server the first of ours that the client offers is chosen. 1 is success, unlike OpenSSL's 0;
  // what is not in that format is refused with nothing in the queue.
  int set_alpn(Bytes protocols);
  std::optional<int> set_session_cache_mode(int mode);
  int set_session_id_context(Bytes id);
  std::optional<int> set_num_tickets(size_t count);
  void set_options(uint64_t bits);
  std::optional<int> set_mode(uint32_t bits);
  std::optional<int> set_read_ahead(bool on);
  std::optional<int> set_post_handshake_auth(bool on);
  // SSLs record a keylog event per line from now on.
  void record_keylog();
  bool records_keylog() const { return records_keylog_; }
  bool quiet_shutdown() const;
  void set_quiet_shutdown(bool quiet);

  // Its SSLs are to agree on protocols of their own: RFC 7301.
  void let_ssl_choose_alpn();
  Bytes alpn() const { return alpn_; }

  std::vector<openssl::QueuedError> take_queue() { return openssl::drain_error_queue(f_); }

  const openssl::Library& library() const { return library_; }
  openssl::SslCtx* get() const { return context_.get(); }
  const openssl::BioMethod* bio_method() const { return bio_method_; }
  bool is_server() const { return is_server_; }

 private:
  SslContext(const openssl::Library& library, bool is_server);

  template <typename Use>
  int with_each_certificate(Bytes pem, Use use);
  bool at_end_of_pem() const;
  OwnedBio memory_bio(Bytes bytes) const;
  std::optional<int> ctrl(int command, long number, void* argument);
  static int select_alpn(openssl::Ssl* ssl, const unsigned char** out, unsigned char* out_length,
                         const unsigned char* offered, unsigned offered_length, void* argument);

  const openssl::Library& library_;
  const openssl::EngineFunctions& f_;
  bool is_server_;
  bool records_keylog_ = false;
  std::vector<uint8_t> alpn_;
  const openssl::BioMethod* bio_method_;
  Owned<openssl::SslCtx> context_;
};

}  // namespace close_notify::engine
