FROM python:3.11-slim
WORKDIR /lockstep
ENV PYTHONUNBUFFERED=1
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
# Collecting needs settings that load, not the real ones.
RUN SECRET_KEY=build TOKEN_KEYS=Zm9yLW1ha2UtY2hlY2stYWxvbmUtMDEyMzQ1Njc4OTA= \
    DATABASE_URL=postgresql://none/none REDIS_URL=redis://none \
    python manage.py collectstatic --noinput
RUN useradd lockstep
USER lockstep
CMD ["honcho", "start", "web"]
