#include "native/engine/ssl_context.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "native/engine/ssl.h"

namespace close_notify::engine {
namespace {

using openssl::EngineFunctions;

// Names of 1 to 255 bytes, each after its length. OpenSSL looks at what a client offers only since 3.0, and at what a
// server wants never.
bool is_protocol_list(std::span<const uint8_t> bytes) {
  size_t at = 0;
  while (at < bytes.size() && bytes[at] != 0) at += 1 + size_t{bytes[at]};
  return at == bytes.size();
}

// Never the terminal, which is what OpenSSL asks when it is given no callback.
int give_passphrase(char* buffer, int size, int, void* argument) {
  const auto* passphrase = static_cast<const std::optional<std::string>*>(argument);
  if (!passphrase->has_value() || size < 0 || (*passphrase)->size() > static_cast<size_t>(size)) return -1;
  std::memcpy(buffer, (*passphrase)->data(), (*passphrase)->size());
  return static_cast<int>((*passphrase)->size());
}

}  // namespace

std::shared_ptr<SslContext> SslContext::create(const openssl::Library& library, bool is_server) {
  library.functions().ERR_clear_error();
  std::shared_ptr<SslContext> made(new SslContext(library, is_server));
  return made->context_ == nullptr || made->bio_method_ == nullptr ? nullptr : made;
}

SslContext::SslContext(const openssl::Library& library, bool is_server)
    : library_(library),
      f_(library.functions()),
      is_server_(is_server),
      bio_method_(Ssl::bio_method_of(library)),
      context_(f_.SSL_CTX_new(is_server ? f_.TLS_server_method() : f_.TLS_client_method()), {f_.SSL_CTX_free}) {
  if (context_ == nullptr) return;
  f_.SSL_CTX_sess_set_new_cb(context_.get(), &Ssl::on_new_session);
  // The data of a write comes from memory of JavaScript, which lies elsewhere when a write is repeated.
  set_mode(openssl::kModeAcceptMovingWriteBuffer);
}

SslContext::~SslContext() {
  // Somebody else in the process may count it, or an SSL of it, once more.
  if (context_ != nullptr && is_server_) f_.SSL_CTX_set_alpn_select_cb(context_.get(), nullptr, nullptr);
}

int SslContext::use_certificate_chain(Bytes pem) {
  bool leaf = true;
  return with_each_certificate(pem, [&](OwnedX509& certificate) {
    if (std::exchange(leaf, false)) return f_.SSL_CTX_use_certificate(context_.get(), certificate.get());
    // Takes the certificate over, unless it fails.
    const int added = f_.SSL_CTX_add_extra_chain_cert != nullptr
                          ? f_.SSL_CTX_add_extra_chain_cert(context_.get(), certificate.get())
                          : ctrl(openssl::kCtrlExtraChainCert, 0, certificate.get()).value_or(0);
    if (added == 1) static_cast<void>(certificate.release());
    return added;
  });
}

int SslContext::use_private_key(Bytes pem, const std::optional<std::string>& passphrase) {
  f_.ERR_clear_error();
  const OwnedBio bio = memory_bio(pem);
  if (bio == nullptr) return 0;
  auto secret = passphrase;
  const OwnedKey key(f_.PEM_read_bio_PrivateKey(bio.get(), nullptr, &give_passphrase, &secret), {f_.EVP_PKEY_free});
  return key == nullptr ? 0 : f_.SSL_CTX_use_PrivateKey(context_.get(), key.get());
}

int SslContext::check_private_key() {
  f_.ERR_clear_error();
  return f_.SSL_CTX_check_private_key(context_.get());
}

int SslContext::add_trusted(Bytes pem) {
  openssl::X509Store* store = f_.SSL_CTX_get_cert_store(context_.get());
  return with_each_certificate(
      pem, [&](OwnedX509& certificate) { return f_.X509_STORE_add_cert(store, certificate.get()); });
}

int SslContext::set_default_verify_paths() {
  f_.ERR_clear_error();
  return f_.SSL_CTX_set_default_verify_paths(context_.get());
}

void SslContext::set_verify(int mode, bool accepts_all) {
  f_.SSL_CTX_set_verify(context_.get(), mode, accepts_all ? &SslContext::accept_certificate : nullptr);
}

std::optional<int> SslContext::set_min_proto_version(int version) {
  f_.ERR_clear_error();
  if (f_.SSL_CTX_set_min_proto_version != nullptr) return f_.SSL_CTX_set_min_proto_version(context_.get(), version);
  return ctrl(openssl::kCtrlSetMinProtoVersion, version, nullptr);
}

std::optional<int> SslContext::set_max_proto_version(int version) {
  f_.ERR_clear_error();
  if (f_.SSL_CTX_set_max_proto_version != nullptr) return f_.SSL_CTX_set_max_proto_version(context_.get(), version);
  return ctrl(openssl::kCtrlSetMaxProtoVersion, version, nullptr);
}

int SslContext::set_cipher_list(const std::string& list) {
  f_.ERR_clear_error();
  return f_.SSL_CTX_set_cipher_list(context_.get(), list.c_str());
}

std::optional<int> SslContext::set_ciphersuites(const std::string& list) {
  if (f_.SSL_CTX_set_ciphersuites == nullptr) return std::nullopt;
  f_.ERR_clear_error();
  return f_.SSL_CTX_set_ciphersuites(context_.get(), list.c_str());
}

std::optional<int> SslContext::set_groups_list(const std::string& list) {
  f_.ERR_clear_error();
  if (f_.SSL_CTX_set1_groups_list != nullptr) return f_.SSL_CTX_set1_groups_list(context_.get(), list.c_str());
  if (f_.old_SSL_CTX_set1_curves_list != nullptr) return f_.old_SSL_CTX_set1_curves_list(context_.get(), list.c_str());
  auto text = list;
  return ctrl(openssl::kCtrlSetGroupsList, 0, text.data());
}

int SslContext::set_alpn(Bytes protocols) {
  f_.ERR_clear_error();
  if (!is_protocol_list(protocols)) return 0;
  alpn_.assign(protocols.begin(), protocols.end());
  if (is_server_) {
    let_ssl_choose_alpn();
    return 1;
  }
  return f_.SSL_CTX_set_alpn_protos(context_.get(), alpn_.data(), static_cast<unsigned>(alpn_.size())) == 0 ? 1 : 0;
}

void SslContext::let_ssl_choose_alpn() {
  f_.SSL_CTX_set_alpn_select_cb(context_.get(), &SslContext::select_alpn, this);
}

std::optional<int> SslContext::set_session_cache_mode(int mode) {
  if (f_.SSL_CTX_set_session_cache_mode != nullptr) {
    return f_.SSL_CTX_set_session_cache_mode(context_.get(), mode);
  }
  return ctrl(openssl::kCtrlSetSessCacheMode, mode, nullptr);
}

int SslContext::set_session_id_context(Bytes id) {
  f_.ERR_clear_error();
  return f_.SSL_CTX_set_session_id_context(context_.get(), id.data(), static_cast<unsigned>(id.size()));
}

std::optional<int> SslContext::set_num_tickets(size_t count) {
  if (f_.SSL_CTX_set_num_tickets == nullptr) return std::nullopt;
  f_.ERR_clear_error();
  return f_.SSL_CTX_set_num_tickets(context_.get(), count);
}

void SslContext::set_options(uint64_t bits) { f_.SSL_CTX_set_options(context_.get(), bits); }

std::optional<int> SslContext::set_mode(uint32_t bits) {
  if (f_.SSL_CTX_set_mode != nullptr) return static_cast<int>(f_.SSL_CTX_set_mode(context_.get(), bits));
  return ctrl(openssl::kCtrlMode, bits, nullptr);
}

std::optional<int> SslContext::set_read_ahead(bool on) {
  if (f_.SSL_CTX_set_read_ahead == nullptr) return ctrl(openssl::kCtrlSetReadAhead, on ? 1 : 0, nullptr);
  f_.SSL_CTX_set_read_ahead(context_.get(), on ? 1 : 0);
  return 1;
}

std::optional<int> SslContext::set_post_handshake_auth(bool on) {
  if (f_.SSL_CTX_set_post_handshake_auth == nullptr) return std::nullopt;
  f_.SSL_CTX_set_post_handshake_auth(context_.get(), on ? 1 : 0);
  return 1;
}

void SslContext::record_keylog() {
  records_keylog_ = true;
  f_.SSL_CTX_set_keylog_callback(context_.get(), &Ssl::on_keylog);
}

bool SslContext::quiet_shutdown() const { return f_.SSL_CTX_get_quiet_shutdown(context_.get()) != 0; }

void SslContext::set_quiet_shutdown(bool quiet) { f_.SSL_CTX_set_quiet_shutdown(context_.get(), quiet ? 1 : 0); }

// 1 when there was a certificate and `use` gave 1 for each.
template <typename Use>
int SslContext::with_each_certificate(Bytes pem, Use use) {
  f_.ERR_clear_error();
  const OwnedBio bio = memory_bio(pem);
  if (bio == nullptr) return 0;
  std::optional<std::string> none;
  for (bool first = true;; first = false) {
    OwnedX509 certificate(f_.PEM_read_bio_X509(bio.get(), nullptr, &give_passphrase, &none), {f_.X509_free});
    if (certificate == nullptr) {
      if (first || !at_end_of_pem()) return 0;
      f_.ERR_clear_error();
      return 1;
    }
    if (const int used = use(certificate); used != 1) return used;
  }
}

// Whether the last error says that nothing more begins in the PEM, which is how its end is told.
bool SslContext::at_end_of_pem() const {
  const char* reason = f_.ERR_reason_error_string(f_.ERR_peek_last_error());
  return reason != nullptr && (std::strcmp(reason, "no start line") == 0 || std::strcmp(reason, "NO_START_LINE") == 0);
}

OwnedBio SslContext::memory_bio(Bytes bytes) const {
  return OwnedBio(f_.BIO_new_mem_buf(bytes.data(), static_cast<ptrdiff_t>(bytes.size())), {f_.BIO_free});
}

std::optional<int> SslContext::ctrl(int command, long number, void* argument) {
  if (f_.SSL_CTX_ctrl == nullptr) return std::nullopt;
  return static_cast<int>(f_.SSL_CTX_ctrl(context_.get(), command, number, argument));
}

// RFC 7301 3.2: the server's preference counts; without a common protocol the handshake ends in an alert.
int SslContext::select_alpn(openssl::Ssl* ssl, const unsigned char** out, unsigned char* out_length,
                            const unsigned char* offered, unsigned offered_length, void* argument) {
  bool is_chosen = false;
  const Bytes ours = Ssl::protocols_of(ssl, static_cast<const SslContext*>(argument)->alpn_, is_chosen);
  if (ours.empty() && !is_chosen) return openssl::kTlsextErrNoack;
  for (size_t at = 0; at < ours.size(); at += 1 + size_t{ours[at]}) {
    const Bytes wanted(ours.data() + at, 1 + size_t{ours[at]});
    for (unsigned i = 0; i < offered_length; i += 1 + offered[i]) {
      const Bytes candidate(offered + i, std::min<size_t>(1 + size_t{offered[i]}, offered_length - i));
      if (!std::equal(wanted.begin(), wanted.end(), candidate.begin(), candidate.end())) continue;
      *out = offered + i + 1;
      *out_length = offered[i];
      return openssl::kTlsextErrOk;
    }
  }
  return openssl::kTlsextErrAlertFatal;
}

}  // namespace close_notify::engine
