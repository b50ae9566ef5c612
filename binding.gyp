{ "includes": ["native/close_notify.gypi"] }
