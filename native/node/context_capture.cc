#include "native/node/context_capture.h"

#include <new>

namespace close_notify::node {
namespace {

thread_local ContextCapture* innermost = nullptr;

}  // namespace

bool ContextCapture::start(const openssl::NodeFunctions& openssl) {
  auto* table = const_cast<openssl::NodeFunctions*>(&openssl);
  return openssl.CRYPTO_get_ex_new_index(openssl::kExIndexSslCtx, 0, table, on_new, on_dup, on_free) >= 0;
}

ContextCapture::ContextCapture() : outer_(innermost) { innermost = this; }

ContextCapture::~ContextCapture() { innermost = outer_; }

void ContextCapture::on_new(void* parent, void*, openssl::ExData* data, int index, long, void* argp) {
  if (innermost == nullptr) return;
  // Nothing may be thrown through OpenSSL: for want of memory the context is not captured.
  try {
    const auto* openssl = static_cast<const openssl::NodeFunctions*>(argp);
    auto captured = std::make_shared<CapturedContext>(CapturedContext{static_cast<openssl::SslCtx*>(parent)});
    // OpenSSL keeps a share of its own in the ex_data slot, which on_free gives back.
    auto share = std::make_unique<std::shared_ptr<CapturedContext>>(captured);
    innermost->captured_.push_back(captured);
    if (openssl->CRYPTO_set_ex_data(data, index, share.get()) == 1) {
      static_cast<void>(share.release());
    } else {
      innermost->captured_.pop_back();
    }
  } catch (const std::bad_alloc&) {
  }
}

// No OpenSSL copies an SSL_CTX. One that does is not to free the original's share a second time.
int ContextCapture::on_dup(openssl::ExData*, const openssl::ExData*, void** value, int, long, void*) {
  *value = nullptr;
  return 1;
}

void ContextCapture::on_free(void*, void* value, openssl::ExData*, int, long, void*) {
  if (value == nullptr) return;
  const std::unique_ptr<std::shared_ptr<CapturedContext>> share(static_cast<std::shared_ptr<CapturedContext>*>(value));
  (*share)->context = nullptr;
}

}  // namespace close_notify::node
