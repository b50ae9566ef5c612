// The SSL_CTX that a piece of code makes: opened around tls.createSecureContext(), which does not hand it out.
#pragma once

#include <memory>
#include <vector>

#include "native/openssl/node_functions.h"

namespace close_notify::node {

// A captured SSL_CTX. The pointer becomes null when OpenSSL frees it.
struct CapturedContext {
  openssl::SslCtx* context;
};

// While one of these is alive, every SSL_CTX that this thread makes is captured.
class ContextCapture {
 public:
  // Registers with OpenSSL, once per process. False when OpenSSL refuses.
  static bool start(const openssl::NodeFunctions& openssl);

  ContextCapture();
  ~ContextCapture();
  ContextCapture(const ContextCapture&) = delete;
  ContextCapture& operator=(const ContextCapture&) = delete;

  const std::vector<std::shared_ptr<CapturedContext>>& captured() const { return captured_; }

 private:
  static void on_new(void* parent, void*, openssl::ExData* data, int index, long, void* argp);
  static int on_dup(openssl::ExData* to, const openssl::ExData* from, void** value, int index, long argl, void* argp);
  static void on_free(void*, void* value, openssl::ExData*, int, long, void*);

  ContextCapture* const outer_;
  std::vector<std::shared_ptr<CapturedContext>> captured_;
};

}  // namespace close_notify::node
