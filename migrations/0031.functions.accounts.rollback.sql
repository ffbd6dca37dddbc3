DROP FUNCTION sign_up(text, text, text, text, text, jsonb);
DROP FUNCTION dashboard_login_by_google_id(text);
DROP FUNCTION dashboard_login_by_email(text);
