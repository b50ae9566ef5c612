// The certificates of a connection, ours and the peer's, as DER.
#include <algorithm>

#include "native/engine/ssl.h"

namespace close_notify::engine {
namespace {

using Der = std::vector<uint8_t>;
using openssl::EngineFunctions;

// Empty where OpenSSL cannot write it.
Der der_of(const EngineFunctions& f, const openssl::X509* certificate) {
  const int length = f.i2d_X509(certificate, nullptr);
  if (length <= 0) return {};
  Der der(static_cast<size_t>(length));
  unsigned char* at = der.data();
  f.i2d_X509(certificate, &at);
  return der;
}

size_t count_of(const EngineFunctions& f, const openssl::X509Stack* stack) {
  if (stack == nullptr) return 0;
  if (f.OPENSSL_sk_num != nullptr) return static_cast<size_t>(std::max(f.OPENSSL_sk_num(stack), 0));
  return f.old_sk_num == nullptr || f.old_sk_value == nullptr ? 0 : f.old_sk_num(stack);
}

const openssl::X509* at(const EngineFunctions& f, const openssl::X509Stack* stack, size_t index) {
  const auto value = f.OPENSSL_sk_value != nullptr ? f.OPENSSL_sk_value : f.old_sk_value;
  return static_cast<const openssl::X509*>(value(stack, index));
}

OwnedX509 own_peer_certificate(const EngineFunctions& f, const openssl::Ssl* ssl) {
  const auto get1 =
      f.SSL_get1_peer_certificate != nullptr ? f.SSL_get1_peer_certificate : f.old_SSL_get_peer_certificate;
  return OwnedX509(get1 == nullptr ? nullptr : get1(ssl), {f.X509_free});
}

}  // namespace

std::optional<Der> Ssl::peer_certificate() const {
  if (f_.SSL_get1_peer_certificate == nullptr && f_.old_SSL_get_peer_certificate == nullptr) return std::nullopt;
  const OwnedX509 certificate = own_peer_certificate(f_, get());
  return certificate == nullptr ? Der() : der_of(f_, certificate.get());
}

// A server's has all but the peer's own certificate, and a session that was resumed may have kept that one alone.
std::vector<Der> Ssl::peer_chain() const {
  std::vector<Der> chain;
  if (const OwnedX509 own = own_peer_certificate(f_, get()); own != nullptr) chain.push_back(der_of(f_, own.get()));
  const openssl::X509Stack* stack = f_.SSL_get_peer_cert_chain(get());
  for (size_t i = 0; i < count_of(f_, stack); i++) {
    Der der = der_of(f_, at(f_, stack, i));
    if (i > 0 || chain.empty() || der != chain.front()) chain.push_back(std::move(der));
  }
  return chain;
}

std::optional<std::vector<Der>> Ssl::trusted_issuers() const {
  if (f_.X509_STORE_CTX_get1_issuer == nullptr || f_.X509_STORE_CTX_new == nullptr ||
      f_.X509_STORE_CTX_init == nullptr || f_.X509_STORE_CTX_free == nullptr || f_.X509_check_issued == nullptr) {
    return std::nullopt;
  }
  constexpr size_t kMost = 100;  // certificates that vouch for each other in a circle
  std::vector<Der> issuers;
  f_.ERR_clear_error();
  const openssl::X509Stack* stack = f_.SSL_get_peer_cert_chain(get());
  const size_t count = count_of(f_, stack);
  const OwnedX509 own = own_peer_certificate(f_, get());
  const openssl::X509* last = count > 0 ? at(f_, stack, count - 1) : own.get();
  const SslContext& context = chosen_ != nullptr ? *chosen_ : *context_;
  const OwnedStoreCtx search(f_.X509_STORE_CTX_new(), {f_.X509_STORE_CTX_free});
  if (last == nullptr || search == nullptr) return issuers;
  openssl::X509Store* store = f_.SSL_CTX_get_cert_store(context.get());
  if (f_.X509_STORE_CTX_init(search.get(), store, nullptr, nullptr) == 1) {
    constexpr int kIssued = 0;  // X509_V_OK
    OwnedX509 kept(nullptr, {f_.X509_free});
    while (issuers.size() < kMost && f_.X509_check_issued(last, last) != kIssued) {
      openssl::X509* found = nullptr;
      if (f_.X509_STORE_CTX_get1_issuer(&found, search.get(), last) != 1 || found == nullptr) break;
      kept.reset(found);
      last = found;
      issuers.push_back(der_of(f_, found));
    }
  }
  f_.ERR_clear_error();
  return issuers;
}

std::optional<Der> Ssl::certificate() const {
  const openssl::X509* certificate = f_.SSL_get_certificate(get());
  if (certificate == nullptr) return std::nullopt;
  return der_of(f_, certificate);
}

}  // namespace close_notify::engine
