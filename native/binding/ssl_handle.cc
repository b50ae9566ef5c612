#include "native/binding/ssl_handle.h"

#include "native/binding/addon_state.h"
#include "native/binding/guarded.h"
#include "native/openssl/error_queue.h"

namespace close_notify::binding {
namespace {

using openssl::NodeFunctions;

double pending(const NodeFunctions& openssl, openssl::Bio* bio) {
  if (bio == nullptr) return 0;
  return static_cast<double>(openssl.BIO_ctrl(bio, openssl::kBioCtrlPending, 0, nullptr));
}

}  // namespace

Napi::Function SslHandle::define(Napi::Env env) {
  return DefineClass(env, "SslHandle",
                     {
                         method<SslHandle, &SslHandle::ssl_shutdown>("sslShutdown"),
                         method<SslHandle, &SslHandle::get_shutdown>("getShutdown"),
                         method<SslHandle, &SslHandle::set_shutdown>("setShutdown"),
                         method<SslHandle, &SslHandle::get_quiet_shutdown>("getQuietShutdown"),
                         method<SslHandle, &SslHandle::set_quiet_shutdown>("setQuietShutdown"),
                         method<SslHandle, &SslHandle::get_context_quiet_shutdown>("getContextQuietShutdown"),
                         method<SslHandle, &SslHandle::in_init>("inInit"),
                         method<SslHandle, &SslHandle::is_server>("isServer"),
                         method<SslHandle, &SslHandle::version>("version"),
                         method<SslHandle, &SslHandle::has_pending>("hasPending"),
                         method<SslHandle, &SslHandle::record_state>("recordState"),
                         method<SslHandle, &SslHandle::input_pending>("inputPending"),
                         method<SslHandle, &SslHandle::output_pending>("outputPending"),
                         method<SslHandle, &SslHandle::output_total>("outputTotal"),
                         method<SslHandle, &SslHandle::alive>("alive"),
                         method<SslHandle, &SslHandle::inside_callback>("insideCallback"),
                         method<SslHandle, &SslHandle::shutdown_at_start>("shutdownAtStart"),
                         method<SslHandle, &SslHandle::alert_count>("alertCount"),
                         method<SslHandle, &SslHandle::alerts>("alerts"),
                     });
}

Napi::Object SslHandle::wrap(Napi::Env env, const std::shared_ptr<node::Observation>& observation) {
  // The constructor copies the pointer before this frame ends.
  auto share = observation;
  return env.GetInstanceData<AddonState>()->ssl_handle.New(
      {Napi::External<std::shared_ptr<node::Observation>>::New(env, &share)});
}

SslHandle::SslHandle(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (info.Length() != 1 || !info[0].IsExternal()) {
    throw invalid_argument(info.Env(), "SslHandle is made by find() only");
  }
  observation_ = *info[0].As<Napi::External<std::shared_ptr<node::Observation>>>().Data();
}

Napi::Value SslHandle::ssl_shutdown(const Napi::CallbackInfo& info) {
  openssl::Ssl* ssl = live(info);
  if (observation_->inside_callback()) {
    throw coded_error(info.Env(), "ERR_CLOSURE_INSIDE_OPENSSL",
                      "SSL_shutdown was called while OpenSSL is reading this connection: call it from setImmediate");
  }
  const NodeFunctions& api = openssl(info);
  api.ERR_clear_error();
  const int value = api.SSL_shutdown(ssl);
  const int error = api.SSL_get_error(ssl, value);
  auto answer = Napi::Object::New(info.Env());
  answer["value"] = value;
  answer["error"] = error;
  answer["queue"] = to_queue(info.Env(), openssl::drain_error_queue(api));
  return answer;
}

Napi::Value SslHandle::get_shutdown(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), observation_->shutdown());
}

void SslHandle::set_shutdown(const Napi::CallbackInfo& info) {
  openssl::Ssl* ssl = live(info);
  constexpr int kBoth = openssl::kSentShutdown | openssl::kReceivedShutdown;
  const double mask = info.Length() == 1 && info[0].IsNumber() ? info[0].As<Napi::Number>().DoubleValue() : -1;
  if (!(mask == 0 || mask == openssl::kSentShutdown || mask == openssl::kReceivedShutdown || mask == kBoth)) {
    throw invalid_argument(info.Env(), "Expected 0, 1 (SENT), 2 (RECEIVED) or 3 (both) for the shutdown mask");
  }
  openssl(info).SSL_set_shutdown(ssl, static_cast<int>(mask));
}

Napi::Value SslHandle::get_quiet_shutdown(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), observation_->quiet_shutdown());
}

void SslHandle::set_quiet_shutdown(const Napi::CallbackInfo& info) {
  openssl::Ssl* ssl = live(info);
  if (info.Length() != 1 || !info[0].IsBoolean()) {
    throw invalid_argument(info.Env(), "Expected a boolean for quiet shutdown");
  }
  openssl(info).SSL_set_quiet_shutdown(ssl, info[0].As<Napi::Boolean>().Value() ? 1 : 0);
}

Napi::Value SslHandle::get_context_quiet_shutdown(const Napi::CallbackInfo& info) {
  const NodeFunctions& api = openssl(info);
  return Napi::Boolean::New(info.Env(), api.SSL_CTX_get_quiet_shutdown(api.SSL_get_SSL_CTX(live(info))) != 0);
}

Napi::Value SslHandle::in_init(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), openssl(info).SSL_in_init(live(info)) != 0);
}

Napi::Value SslHandle::is_server(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), openssl(info).SSL_is_server(live(info)) != 0);
}

Napi::Value SslHandle::version(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), openssl(info).SSL_version(live(info)));
}

Napi::Value SslHandle::has_pending(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), openssl(info).SSL_has_pending(live(info)) != 0);
}

Napi::Value SslHandle::record_state(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), openssl(info).SSL_rstate_string(live(info)));
}

Napi::Value SslHandle::input_pending(const Napi::CallbackInfo& info) {
  const NodeFunctions& api = openssl(info);
  return Napi::Number::New(info.Env(), pending(api, api.SSL_get_rbio(live(info))));
}

Napi::Value SslHandle::output_pending(const Napi::CallbackInfo& info) {
  const NodeFunctions& api = openssl(info);
  return Napi::Number::New(info.Env(), pending(api, api.SSL_get_wbio(live(info))));
}

Napi::Value SslHandle::output_total(const Napi::CallbackInfo& info) {
  const NodeFunctions& api = openssl(info);
  openssl::Bio* bio = api.SSL_get_wbio(live(info));
  const double total = bio == nullptr ? 0 : static_cast<double>(api.BIO_number_written(bio));
  return Napi::Number::New(info.Env(), total);
}

Napi::Value SslHandle::alive(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), observation_->ssl() != nullptr);
}

Napi::Value SslHandle::inside_callback(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), observation_->inside_callback());
}

Napi::Value SslHandle::shutdown_at_start(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), observation_->shutdown_at_start());
}

Napi::Value SslHandle::alert_count(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(observation_->alerts().size()));
}

Napi::Value SslHandle::alerts(const Napi::CallbackInfo& info) {
  const auto& alerts = observation_->alerts();
  auto array = Napi::Array::New(info.Env(), alerts.size());
  for (uint32_t i = 0; i < alerts.size(); i++) {
    auto entry = Napi::Object::New(info.Env());
    entry["sent"] = alerts[i].sent;
    entry["level"] = static_cast<int>(alerts[i].level);
    entry["description"] = static_cast<int>(alerts[i].description);
    entry["at"] = static_cast<double>(alerts[i].at_ns) / 1e6;
    array[i] = entry;
  }
  return array;
}

const NodeFunctions& SslHandle::openssl(const Napi::CallbackInfo& info) const {
  return info.Env().GetInstanceData<AddonState>()->registry->openssl();
}

openssl::Ssl* SslHandle::live(const Napi::CallbackInfo& info) const {
  if (observation_->ssl() == nullptr) {
    throw coded_error(info.Env(), "ERR_CLOSURE_CLOSED", "OpenSSL has freed this connection: the socket was closed");
  }
  return observation_->ssl();
}

}  // namespace close_notify::binding
