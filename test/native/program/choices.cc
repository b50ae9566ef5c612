#include "test/native/program/choices.h"

#include <map>
#include <tuple>

#include "test/native/program/credentials.h"
#include "test/native/program/interpreter.h"
#include "test/native/program/model.h"

namespace close_notify::test {
namespace {

using engine::SslContext;

constexpr int kCacheNoInternal = 0x300;  // SSL_CTX_set_session_cache_mode(3): nothing stays from run to run
constexpr size_t kMaxContexts = 256;

std::shared_ptr<SslContext> make_context(const openssl::Library& library, bool is_server, const Choices& choices) {
  const auto context = SslContext::create(library, is_server);
  INVARIANT(context != nullptr, is_server);
  const bool has_certificate = is_server || choices.asks_for_certificate();
  if (has_certificate) {
    INVARIANT(context->use_certificate_chain(leaf_chain()) == 1, is_server);
    INVARIANT(context->use_private_key(leaf_key(), std::nullopt) == 1, is_server);
  }
  INVARIANT(context->add_trusted(root_certificate()) == 1, is_server);
  if (!is_server || choices.asks_for_certificate()) context->set_verify(kVerifyPeer);
  const int version = is_server ? choices.server_version() : choices.client_version();
  context->set_min_proto_version(version);
  context->set_max_proto_version(choices.any_version() ? kTls13 : version);
  uint64_t options = 0;
  if (choices.ignores_eof()) options |= kIgnoreUnexpectedEof;
  if (choices.no_tickets()) options |= kNoTicket;
  if (choices.allows_renegotiation()) options |= kAllowClientRenegotiation;
  if (choices.no_renegotiation()) options |= kNoRenegotiation;
  context->set_options(options);
  if (choices.reads_ahead()) context->set_read_ahead(true);
  if (choices.releases_buffers()) context->set_mode(kModeReleaseBuffers);
  if (choices.quiet_server() && is_server) context->set_quiet_shutdown(true);
  context->set_session_cache_mode((choices.has_sessions() ? kCacheBoth : 0) | kCacheNoInternal);
  context->set_session_id_context(bytes_of_text("program"));
  context->set_post_handshake_auth(true);
  if (choices.has_protocols()) context->set_alpn(bytes_of_text(is_server ? "\x02h2" : "\x08http/1.1\x02h2"));
  if (choices.traces()) context->record_keylog();
  INVARIANT(context->take_queue().empty(), is_server);
  return context;
}

}  // namespace

ContextPair contexts_for(const openssl::Library& library, const Choices& choices) {
  static std::map<std::tuple<const openssl::Library*, uint8_t, uint8_t>, ContextPair> made;
  const std::tuple key(&library, choices.first, static_cast<uint8_t>(choices.second & 31));
  if (const auto known = made.find(key); known != made.end()) return known->second;
  if (made.size() == kMaxContexts) made.clear();
  if (on_start != nullptr) on_start();
  return made[key] = {make_context(library, false, choices), make_context(library, true, choices)};
}

}  // namespace close_notify::test
