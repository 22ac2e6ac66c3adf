// Sends the answer of response_mode=form_post on its way. Without scripts the button does.
'use strict';
document.getElementById('form-post').submit();
