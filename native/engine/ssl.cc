#include "native/engine/ssl.h"

#include <algorithm>
#include <climits>
#include <map>
#include <mutex>
#include <new>
#include <utility>

namespace close_notify::engine {
namespace {

using openssl::Bio;
using openssl::EngineFunctions;

thread_local Ssl* current = nullptr;

int int_length(size_t length) { return static_cast<int>(std::min<size_t>(length, INT_MAX)); }

template <typename Byte>
std::span<Byte> bytes_of(Byte* bytes, int length) {
  return {bytes, length < 0 ? 0 : static_cast<size_t>(length)};
}

}  // namespace

// Makes an SSL the current one of this thread for as long as it lives.
class Ssl::Current {
 public:
  explicit Current(Ssl* ssl) : slot_(current), before_(std::exchange(slot_, ssl)) {}
  ~Current() { slot_ = before_; }
  Current(const Current&) = delete;
  Current& operator=(const Current&) = delete;

 private:
  Ssl*& slot_;  // where it is in this thread takes a call to find out
  Ssl* before_;
};

std::unique_ptr<Ssl> Ssl::create(std::shared_ptr<SslContext> context) {
  context->library().functions().ERR_clear_error();
  std::unique_ptr<Ssl> made(new Ssl(std::move(context)));
  return made->ssl_ == nullptr ? nullptr : std::move(made);
}

Ssl::Ssl(std::shared_ptr<SslContext> context)
    : context_(std::move(context)),
      f_(context_->library().functions()),
      ssl_(f_.SSL_new(context_->get()), {f_.SSL_free}) {
  if (ssl_ == nullptr) return;
  Bio* bio = f_.BIO_new(context_->bio_method());
  if (bio == nullptr) {
    ssl_.reset();
    return;
  }
  f_.BIO_set_init(bio, 1);
  // One BIO for both directions, which the SSL now owns.
  f_.SSL_set_bio(get(), bio, bio);
  f_.SSL_set_msg_callback(get(), &Ssl::on_message);
  if (context_->is_server()) {
    f_.SSL_set_accept_state(get());
  } else {
    f_.SSL_set_connect_state(get());
  }
}

Ssl::~Ssl() {
  const Current scope(this);
  ssl_.reset();
}

// --- Calls that can move the state machine ---

// Each look at OpenSSL's queue takes some 40 ns, and SSL_get_error is one too: that counts beside an SSL_shutdown, or a
// record that is read.
template <typename Call>
int Ssl::run(Call call, QueueBefore before, Failure failure) {
  const Current scope(this);
  // Emptying takes longer than to see that nothing is there, as is the case unless somebody else left something.
  if (before == QueueBefore::kUnknown && f_.ERR_peek_last_error() != 0) f_.ERR_clear_error();
  if (!queue_.empty()) queue_.clear();
  is_out_of_memory_ = false;
  const int result = call();
  const bool left_errors = f_.ERR_peek_last_error() != 0;
  if (result > 0) {
    error_ = openssl::kErrorNone;  // SSL_get_error(3): if and only if the result is greater than 0
  } else if (result == 0 && failure == Failure::kBelowZero && !left_errors) {
    error_.reset();
  } else {
    // Before the queue is emptied, for that is where it looks.
    error_ = f_.SSL_get_error(get(), result);
  }
  if (is_out_of_memory_) {
    f_.ERR_clear_error();
    throw std::bad_alloc();
  }
  // What SSL_get_error says does not tell whether something is there: since OpenSSL 4.0 it looks no more.
  if (left_errors) queue_ = openssl::drain_error_queue(f_);
  return result;
}

int Ssl::error() const { return error_.has_value() ? *error_ : f_.SSL_get_error(get(), 0); }

template <typename Call>
int Ssl::begin(Call call, QueueBefore before) {
  has_begun_ = true;
  return run(call, before);
}

std::optional<int> Ssl::move(int (*function)(openssl::Ssl*)) {
  if (function == nullptr) return std::nullopt;
  if (function == f_.SSL_do_handshake) has_begun_ = true;
  return run([&] { return function(get()); });
}

int Ssl::read(Slab target) {
  return begin([&] { return f_.SSL_read(get(), target.data(), int_length(target.size())); });
}

int Ssl::peek(Slab target) {
  return begin([&] { return f_.SSL_peek(get(), target.data(), int_length(target.size())); });
}

int Ssl::write(Bytes bytes) {
  return begin([&] { return f_.SSL_write(get(), bytes.data(), int_length(bytes.size())); });
}

int Ssl::shutdown() {
  return run([&] { return f_.SSL_shutdown(get()); }, QueueBefore::kUnknown, Failure::kBelowZero);
}

std::optional<int> Ssl::shutdown_ex(uint64_t flags) {
  if (f_.SSL_shutdown_ex == nullptr) return std::nullopt;
  return run([&] { return f_.SSL_shutdown_ex(get(), flags, nullptr, 0); }, QueueBefore::kUnknown, Failure::kBelowZero);
}

std::optional<int> Ssl::key_update(int type) {
  if (f_.SSL_key_update == nullptr) return std::nullopt;
  return run([&] { return f_.SSL_key_update(get(), type); });
}

std::optional<int> Ssl::set_session(const Session& session) {
  if (has_begun_ || context_->is_server()) return std::nullopt;
  return run([&] { return f_.SSL_set_session(get(), session.get()); });
}

std::vector<openssl::QueuedError> Ssl::take_queue() { return std::exchange(queue_, {}); }

std::optional<int> Ssl::free_buffers() {
  if (f_.SSL_free_buffers == nullptr || f_.SSL_has_pending == nullptr) return std::nullopt;
  if (f_.SSL_has_pending(get()) != 0) return 0;
  const Current scope(this);
  return f_.SSL_free_buffers(get());
}

Ssl::Pumped Ssl::pump(Bytes input, Slab plaintext, Slab output) {
  Transport::Loan loan(transport_, input, output);
  size_t filled = 0;
  int result = 0;
  auto before = QueueBefore::kUnknown;
  do {
    const Slab room = plaintext.subspan(filled);
    result = begin([&] { return f_.SSL_read(get(), room.data(), int_length(room.size())); }, before);
    before = QueueBefore::kEmpty;
    if (result > 0) filled += static_cast<size_t>(result);
    // What OpenSSL would say next is known: to hear it takes as long as to read a short record.
    if (result > 0 && filled < plaintext.size() && has_read_all()) {
      result = -1;
      error_ = openssl::kErrorWantRead;
    }
  } while (result > 0 && filled < plaintext.size());
  if (!loan.keep_input()) throw std::bad_alloc();
  return {result, filled, loan.written()};
}

bool Ssl::has_read_all() const {
  if (transport_.input_pending() != 0 || transport_.ended() || f_.SSL_has_pending == nullptr) return false;
  if (f_.SSL_has_pending(get()) != 0 || in_init()) return false;
  // It would tell of the peer's close_notify, or begin a new handshake.
  return get_shutdown() == 0 && f_.SSL_renegotiate_pending(get()) == 0;
}

Ssl::Pumped Ssl::write_and_transmit(Bytes bytes, Slab output) {
  const Transport::Loan loan(transport_, {}, output);
  const int result = write(bytes);
  return {result, 0, loan.written()};
}

Ssl::Pumped Ssl::shutdown_and_transmit(Slab output) {
  const Transport::Loan loan(transport_, {}, output);
  const int result = shutdown();
  return {result, 0, loan.written()};
}

// --- State ---

bool Ssl::set_shutdown(int mask) {
  if (context_->library().is_boringssl_family() && (get_shutdown() & ~mask) != 0) return false;
  f_.SSL_set_shutdown(get(), mask);
  return true;
}

std::optional<std::string> Ssl::cipher_name() const {
  const openssl::SslCipher* cipher = f_.SSL_get_current_cipher(get());
  if (cipher == nullptr) return std::nullopt;
  return f_.SSL_CIPHER_get_name(cipher);
}

std::optional<std::string> Ssl::alpn_selected() const {
  const unsigned char* name = nullptr;
  unsigned length = 0;
  f_.SSL_get0_alpn_selected(get(), &name, &length);
  if (name == nullptr) return std::nullopt;
  return std::string(name, name + length);
}

std::optional<std::string> Ssl::servername() const {
  const char* name = f_.SSL_get_servername(get(), openssl::kNameTypeHostName);
  if (name == nullptr) return std::nullopt;
  return name;
}

std::optional<int> Ssl::set_servername(const std::string& name) {
  if (f_.SSL_set_tlsext_host_name != nullptr) {
    return run([&] { return f_.SSL_set_tlsext_host_name(get(), name.c_str()); });
  }
  if (f_.SSL_ctrl == nullptr) return std::nullopt;
  auto text = name;
  return run([&] {
    return static_cast<int>(
        f_.SSL_ctrl(get(), openssl::kCtrlSetTlsextHostname, openssl::kNameTypeHostName, text.data()));
  });
}

std::optional<int> Ssl::set_verify_host(const std::string& name) {
  if (f_.SSL_set1_host == nullptr) return std::nullopt;
  return run([&] { return f_.SSL_set1_host(get(), name.c_str()); });
}

std::optional<std::vector<uint8_t>> Ssl::export_keying_material(size_t length, const std::string& label,
                                                                const std::optional<Bytes>& context) {
  // OpenSSL since 3.0 derives the material of TLS 1.2 from zeros before the keys are there, and says nothing. In
  // TLS 1.3 every build knows whether they are: a server has them before the client's Finished.
  if (in_init() && version() < openssl::kTls13) return std::nullopt;
  std::vector<uint8_t> material(length);
  const Bytes given = context.value_or(Bytes());
  const int result = run([&] {
    return f_.SSL_export_keying_material(get(), material.data(), length, label.data(), label.size(), given.data(),
                                         given.size(), context.has_value() ? 1 : 0);
  });
  if (result == 1) return material;
  if (in_init()) {
    queue_.clear();
    return std::nullopt;
  }
  return std::vector<uint8_t>();
}

std::shared_ptr<Session> Ssl::get_session() const {
  return Session::own(context_->library(), f_.SSL_get1_session(get()));
}

// --- Callbacks: they note, and do nothing else ---

void Ssl::on_message(int is_write, int version, int content_type, const void* bytes, size_t length, openssl::Ssl* ssl,
                     void*) {
  if (!EventLog::is_of_use(content_type)) return;
  Ssl* self = current;
  // Somebody else in the process may have copied the SSL, or counted it once more: those calls are none of ours.
  if (self == nullptr || self->get() != ssl) return;
  self->events_.note_message(is_write != 0, version, content_type,
                             {static_cast<const uint8_t*>(bytes), bytes == nullptr ? 0 : length});
}

// A server has no use for the sessions that it gives away; a client of BoringSSL gets those of TLS 1.3 nowhere else.
// 0: the session's count stays OpenSSL's.
int Ssl::on_new_session(openssl::Ssl*, openssl::SslSession* session) {
  if (current == nullptr || (!current->tells_tickets_ && current->version() == openssl::kTls13)) return 0;
  try {
    std::vector<uint8_t> der;
    if (!current->context_->is_server()) der = Session::to_bytes(current->f_, session);
    current->events_.note_new_session(der);
  } catch (const std::bad_alloc&) {
    current->is_out_of_memory_ = true;
  }
  return 0;
}

void Ssl::on_keylog(const openssl::Ssl*, const char* line) {
  const std::string_view text(line);
  // The context may have been chosen by an answer to the ClientHello.
  if (current == nullptr || !current->context_->records_keylog()) return;
  current->events_.note_keylog({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

// --- The ClientHello ---

Ssl::Holding Ssl::hold_client_hello() {
  if (!context_->is_server() || has_begun_) return Holding::kTooLate;
  if (f_.SSL_CTX_set_client_hello_cb != nullptr && f_.SSL_client_hello_get0_ext != nullptr) {
    f_.SSL_CTX_set_client_hello_cb(context_->get(), &Ssl::on_client_hello, nullptr);
  } else if (f_.SSL_CTX_set_select_certificate_cb != nullptr && f_.SSL_early_callback_ctx_extension_get != nullptr) {
    f_.SSL_CTX_set_select_certificate_cb(context_->get(), &Ssl::on_select_certificate);
  } else {
    return Holding::kLacking;
  }
  holds_hello_ = true;
  return Holding::kDone;
}

std::optional<int> Ssl::answer_client_hello(std::shared_ptr<SslContext> context,
                                            std::optional<std::vector<uint8_t>> alpn) {
  if (!client_hello_.has_value()) return std::nullopt;
  if (context != nullptr) {
    const int set = run([&] { return f_.SSL_set_SSL_CTX(get(), context->get()) == nullptr ? 0 : 1; });
    if (set != 1) return set;
    if (context_->records_keylog()) f_.SSL_CTX_set_keylog_callback(context->get(), &Ssl::on_keylog);
    chosen_ = std::move(context);
  }
  SslContext& used = chosen_ != nullptr ? *chosen_ : *context_;
  if (alpn.has_value()) {
    if (!alpn->empty()) alpn->insert(alpn->begin(), static_cast<uint8_t>(alpn->size()));
    alpn_ = std::move(alpn);
  }
  if (alpn_.has_value() || !context_->alpn().empty()) used.let_ssl_choose_alpn();
  client_hello_.reset();
  holds_hello_ = false;
  return 1;
}

Ssl::Bytes Ssl::protocols_of(const openssl::Ssl* ssl, Bytes of_context, bool& is_chosen) {
  if (current == nullptr || current->get() != ssl) return of_context;
  is_chosen = current->alpn_.has_value();
  if (is_chosen) return *current->alpn_;
  return of_context.empty() ? current->context_->alpn() : of_context;
}

// SSL_client_hello_get0_ext(3) points into memory that is there for as long as the callback runs.
template <typename Get>
Ssl::HelloStep Ssl::hello_came(Get get_extension) {
  if (!holds_hello_) return HelloStep::kGo;
  if (client_hello_.has_value()) return HelloStep::kWait;
  const auto copy = [&](uint16_t type) -> std::optional<std::vector<uint8_t>> {
    const unsigned char* bytes = nullptr;
    size_t length = 0;
    if (get_extension(type, &bytes, &length) != 1) return std::nullopt;
    return std::vector<uint8_t>(bytes, bytes + length);
  };
  try {
    client_hello_ = ClientHello{copy(openssl::kExtensionServerName), copy(openssl::kExtensionAlpn)};
  } catch (const std::bad_alloc&) {
    is_out_of_memory_ = true;
    return HelloStep::kFail;
  }
  return HelloStep::kWait;
}

int Ssl::on_client_hello(openssl::Ssl* ssl, int*, void*) {
  Ssl* self = current;
  if (self == nullptr || self->get() != ssl) return openssl::kClientHelloSuccess;
  switch (self->hello_came([&](uint16_t type, const unsigned char** bytes, size_t* length) {
    return self->f_.SSL_client_hello_get0_ext(ssl, type, bytes, length);
  })) {
    case HelloStep::kGo: return openssl::kClientHelloSuccess;
    case HelloStep::kWait: return openssl::kClientHelloRetry;
    case HelloStep::kFail: return openssl::kClientHelloError;
  }
  return openssl::kClientHelloError;
}

// BoringSSL has the SSL in its ClientHello, whose layout is none of ours: the current one is it.
int Ssl::on_select_certificate(const openssl::BoringClientHello* hello) {
  Ssl* self = current;
  if (self == nullptr) return openssl::kSelectCertificateSuccess;
  switch (self->hello_came([&](uint16_t type, const unsigned char** bytes, size_t* length) {
    return self->f_.SSL_early_callback_ctx_extension_get(hello, type, bytes, length);
  })) {
    case HelloStep::kGo: return openssl::kSelectCertificateSuccess;
    case HelloStep::kWait: return openssl::kSelectCertificateRetry;
    case HelloStep::kFail: return openssl::kSelectCertificateError;
  }
  return openssl::kSelectCertificateError;
}

const openssl::BioMethod* Ssl::bio_method_of(const openssl::Library& library) {
  // Never freed, as the library never is: a BIO that somebody else in the process still counts needs it to be freed.
  using Methods = std::map<const openssl::Library*, openssl::BioMethod*>;
  static std::mutex& mutex = *std::make_unique<std::mutex>().release();
  static Methods& methods = *std::make_unique<Methods>().release();
  const std::lock_guard lock(mutex);
  openssl::BioMethod*& method = methods[&library];
  if (method != nullptr) return method;
  constexpr int kType = openssl::kBioTypeSourceSink | 0x7e;
  const EngineFunctions& openssl = library.functions();
  method = openssl.BIO_meth_new(kType, "close-notify");
  if (method != nullptr) {
    openssl.BIO_meth_set_read(method, &Ssl::on_bio_read);
    openssl.BIO_meth_set_write(method, &Ssl::on_bio_write);
    openssl.BIO_meth_set_ctrl(method, &Ssl::on_bio_ctrl);
  }
  return method;
}

// BIO_should_retry(3): flags that stay until the next call of the BIO's. Nobody else sets any, so that a call of
// OpenSSL is spared where none stand.
void Ssl::ask_for_retry(Bio* bio, int flags) {
  f_.BIO_set_flags(bio, flags | openssl::kBioFlagsShouldRetry);
  has_retry_flags_ = true;
}

void Ssl::clear_retry_flags(Bio* bio) {
  if (!std::exchange(has_retry_flags_, false)) return;
  f_.BIO_clear_flags(bio, openssl::kBioFlagsRead | openssl::kBioFlagsWrite | openssl::kBioFlagsShouldRetry);
}

// BIO_read(3): 0 is the end of the stream, -1 with the retry flags is "nothing now".
int Ssl::on_bio_read(Bio* bio, char* target, int length) {
  Ssl* self = current;
  if (self == nullptr) return -1;
  self->clear_retry_flags(bio);
  const size_t count = self->transport_.read(bytes_of(reinterpret_cast<uint8_t*>(target), length));
  if (count > 0) return static_cast<int>(count);
  if (self->transport_.at_end()) return 0;
  self->ask_for_retry(bio, openssl::kBioFlagsRead);
  return -1;
}

int Ssl::on_bio_write(Bio* bio, const char* bytes, int length) {
  Ssl* self = current;
  if (self == nullptr) return -1;
  self->clear_retry_flags(bio);
  size_t count = 0;
  try {
    count = self->transport_.write(bytes_of(reinterpret_cast<const uint8_t*>(bytes), length));
  } catch (const std::bad_alloc&) {
    self->is_out_of_memory_ = true;
    return -1;
  }
  if (count > 0 || length <= 0) return static_cast<int>(count);
  self->ask_for_retry(bio, openssl::kBioFlagsWrite);
  return -1;
}

long Ssl::on_bio_ctrl(Bio*, int command, long, void*) {
  switch (command) {
    case openssl::kBioCtrlFlush: return 1;
    // Since 3.0 OpenSSL asks it after a read that gave nothing: so it tells an unexpected end.
    case openssl::kBioCtrlEof: return current != nullptr && current->transport_.at_end() ? 1 : 0;
    case openssl::kBioCtrlPending:
      return current == nullptr ? 0 : static_cast<long>(current->transport_.input_pending());
    case openssl::kBioCtrlWpending:
      return current == nullptr ? 0 : static_cast<long>(current->transport_.output_pending());
    default: return 0;
  }
}

}  // namespace close_notify::engine
